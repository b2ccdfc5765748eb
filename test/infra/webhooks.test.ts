import { describe, expect, test } from 'vitest';
import type { Stage } from '../../lib/config.ts';
import { grantsIn } from '../../tools/grants.ts';
import { filesOf } from '../support/source-tree.ts';
import { synthesized } from '../support/synthesized.ts';

// Synthesized before the tests, because it may take longer than a test's timeout on a busy machine.
const stages: Readonly<Record<Stage, ReturnType<typeof synthesized>>> = {
  local: synthesized('local'),
  test: synthesized('test'),
  dev: synthesized('dev'),
  prod: synthesized('prod'),
};
const resourcesOf = (stage: Stage, type: string) => stages[stage].resources.filter(({ Type }) => Type === type);
const functionOf = (stage: Stage, name: string) => {
  const found = resourcesOf(stage, 'AWS::Lambda::Function').find(
    ({ Properties }) => Properties['FunctionName'] === `oncebox-${stage}-${name}`,
  );
  if (!found) throw new Error(`no function ${name}`);
  return found;
};
const variablesOf = (stage: Stage, name: string) =>
  (functionOf(stage, name).Properties['Environment'] as { Variables: Record<string, unknown> }).Variables;

describe('webhooks', () => {
  test.each(['webhooks-api', 'webhooks-on-webhook-deliveries'])(
    '%s may never call loopback or use HTTP on AWS, and may on a laptop',
    (name) => {
      for (const stage of ['dev', 'prod'] as const) expect(variablesOf(stage, name)['LOOPBACK']).toBe('refused');
      for (const stage of ['local', 'test'] as const) expect(variablesOf(stage, name)['LOOPBACK']).toBe('allowed');
    },
  );

  test('are sent from outside of any VPC, so that no private network is within reach', () => {
    for (const stage of ['dev', 'prod'] as const)
      expect(functionOf(stage, 'webhooks-on-webhook-deliveries').Properties).not.toHaveProperty('VpcConfig');
  });

  test('cost an order no write units, since their consumer may write to no table and adds no outbox record', () => {
    const grants = grantsIn(stages.prod.stacks.map(({ json }) => json));
    const onTables = grants.filter(
      ({ function: name, action }) =>
        name === 'oncebox-prod-webhooks-on-webhook-events' && action.startsWith('dynamodb:'),
    );
    expect(onTables.map(({ action }) => action)).toEqual(['dynamodb:Query']);
    expect(filesOf('events/webhooks/*.ts')).toEqual([]);
  });

  test('have rules that are enabled when they are created, so that an update of the stack loses no event', () => {
    const rules = resourcesOf('prod', 'AWS::Events::Rule').filter(({ Properties }) =>
      String(Properties['Name']).startsWith('oncebox-prod-webhook-events'),
    );
    expect(rules.map(({ Properties }) => Properties['State'])).toEqual(['ENABLED', 'ENABLED', 'ENABLED']);
    const names = rules.map(({ Properties }) => Properties['Name']).toSorted();
    for (const name of ['webhooks-api', 'webhooks-on-webhook-events'])
      expect(String(variablesOf('prod', name)['EVENT_RULES']).split(',').toSorted()).toEqual(names);
  });

  test.each(['local', 'test', 'dev', 'prod'] as const)(
    'in %s wait two seconds for their events, and their list is cached for a second less',
    (stage) => {
      const queue = resourcesOf(stage, 'AWS::SQS::Queue').find(
        ({ Properties }) => Properties['QueueName'] === `oncebox-${stage}-webhook-events`,
      );
      expect(queue?.Properties['DelaySeconds']).toBe(2);
      expect(variablesOf(stage, 'webhooks-on-webhook-events')['WEBHOOKS_CACHED_FOR_MS']).toBe('1000');
    },
  );
});

describe('the key of the webhooks', () => {
  test('is generated, so that no template and nobody knows it', () => {
    const [secret, ...others] = resourcesOf('prod', 'AWS::SecretsManager::Secret');
    expect(others).toEqual([]);
    expect(secret?.Properties).toMatchObject({
      GenerateSecretString: { PasswordLength: 64, ExcludePunctuation: true },
    });
    expect(secret?.Properties).not.toHaveProperty('SecretString');
    expect(JSON.stringify(stages.prod.stacks.map(({ json }) => json))).not.toContain('{{resolve:');
  });

  test('is retained with the data of a stage', () => {
    expect(resourcesOf('prod', 'AWS::SecretsManager::Secret')[0]?.DeletionPolicy).toBe('Retain');
    expect(resourcesOf('dev', 'AWS::SecretsManager::Secret')[0]?.DeletionPolicy).toBe('Delete');
  });

  test('is given to functions by its ARN', () => {
    const [secret] = resourcesOf('prod', 'AWS::SecretsManager::Secret');
    for (const name of ['webhooks-api', 'webhooks-on-webhook-deliveries', 'webhooks-rotate-keys'])
      expect(variablesOf('prod', name)['WEBHOOK_KEYS_ARN']).toEqual({ 'Fn::GetAtt': [secret?.id, 'Id'] });
    expect(variablesOf('prod', 'webhooks-on-webhook-events')).not.toHaveProperty('WEBHOOK_KEYS_ARN');
  });

  test('is used for five minutes before it is read again, since each read costs money', () => {
    expect(variablesOf('prod', 'webhooks-on-webhook-deliveries')['KEYS_CACHED_FOR_S']).toBe('300');
  });

  test('is replaced after 90 days by a job that looks every half hour', () => {
    expect(variablesOf('prod', 'webhooks-rotate-keys')['ROTATE_AFTER_DAYS']).toBe('90');
    const rule = resourcesOf('prod', 'AWS::Events::Rule').find(
      ({ Properties }) => Properties['Name'] === 'oncebox-prod-webhooks-rotate-keys',
    );
    expect(rule?.Properties).toMatchObject({ ScheduleExpression: 'cron(0/30 * * * ? *)', State: 'ENABLED' });
  });
});
