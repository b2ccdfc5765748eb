import { describe, expect, it } from 'vitest';
import { configOf, type Stage } from '../../lib/config.ts';
import { type SynthesizedStage, synthesized } from '../support/synthesized.ts';

const stages: readonly Stage[] = ['local', 'prod'];
const ofType = ({ resources }: SynthesizedStage, type: string) => resources.filter(({ Type }) => Type === type);
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value]);

interface Statement {
  readonly Effect: string;
  readonly Action: string | string[];
  readonly Resource: unknown;
  readonly Condition?: Record<string, Record<string, unknown>>;
}

const statementsOf = (stage: SynthesizedStage): (Statement & { id: string })[] =>
  ofType(stage, 'AWS::IAM::Role').flatMap(({ id, Properties }) =>
    ((Properties['Policies'] ?? []) as { PolicyDocument: { Statement: Statement[] } }[]).flatMap(({ PolicyDocument }) =>
      PolicyDocument.Statement.map((statement) => ({ ...statement, id })),
    ),
  );

/** AWS knows no narrower resource for these. */
const EVERYWHERE = new Set(['xray:PutTraceSegments', 'xray:PutTelemetryRecords', 'dynamodb:ListStreams']);

describe.each(stages)('the %s stage', (name) => {
  const stage = synthesized(name);

  it('has a DLQ behind every queue, encryption, and TLS only', () => {
    const queues = ofType(stage, 'AWS::SQS::Queue');
    const names = queues.map(({ Properties }) => String(Properties['QueueName']));
    for (const { Properties } of queues) {
      expect(Properties['SqsManagedSseEnabled']).toBe(true);
      const queue = String(Properties['QueueName']);
      if (queue.endsWith('-dlq')) continue;
      expect(names).toContain(`${queue}-dlq`);
      expect(Properties['RedrivePolicy']).toBeDefined();
    }
    const guarded = ofType(stage, 'AWS::SQS::QueuePolicy').filter(({ Properties }) =>
      (Properties['PolicyDocument'] as { Statement: Statement[] }).Statement.some(
        ({ Effect, Condition }) => Effect === 'Deny' && Condition?.['Bool']?.['aws:SecureTransport'] === 'false',
      ),
    );
    expect(guarded.length).toBe(queues.length);
  });

  it('names queues, rules and alarms as AWS allows, an underscore among them', () => {
    const names = (type: string, property: string) =>
      ofType(stage, type).flatMap(({ Properties }) => (Properties[property] ? [String(Properties[property])] : []));
    expect(names('AWS::SQS::Queue', 'QueueName')).toContain(`oncebox-${name}-balance_updates`);
    for (const queue of names('AWS::SQS::Queue', 'QueueName')) expect(queue).toMatch(/^[A-Za-z0-9_-]{1,80}$/);
    for (const rule of names('AWS::Events::Rule', 'Name')) expect(rule).toMatch(/^[.\-_A-Za-z0-9]{1,64}$/);
    for (const alarm of names('AWS::CloudWatch::Alarm', 'AlarmName')) expect(alarm).toMatch(/^[\w-]{1,255}$/);
  });

  it('lets the sync of balances read the ledger, and only read it', () => {
    const onLedger = statementsOf(stage).filter(
      ({ id, Resource }) => id.startsWith('BalancesSync') && JSON.stringify(Resource).includes('-payments'),
    );
    expect(onLedger.flatMap(({ Action }) => list(Action)).sort()).toEqual([
      'dynamodb:BatchGetItem',
      'dynamodb:GetItem',
      'dynamodb:Query',
    ]);
  });

  it('gives a queue six times as long as the function that works on it', () => {
    const timeouts = new Map(
      ofType(stage, 'AWS::Lambda::Function').map(({ id, Properties }) => [id, Number(Properties['Timeout'])]),
    );
    const visible = new Map(
      ofType(stage, 'AWS::SQS::Queue').map(({ id, Properties }) => [id, Number(Properties['VisibilityTimeout'] ?? 30)]),
    );
    const mappings = ofType(stage, 'AWS::Lambda::EventSourceMapping').map(({ Properties }) => ({
      queue: (Properties['EventSourceArn'] as { 'Fn::GetAtt'?: string[] })['Fn::GetAtt']?.[0] ?? '',
      worker: (Properties['FunctionName'] as { Ref: string }).Ref,
    }));
    const onQueues = mappings.filter(({ queue }) => visible.has(queue));
    expect(onQueues.length).toBe(14);
    for (const { queue, worker } of onQueues)
      expect(visible.get(queue)).toBeGreaterThanOrEqual(6 * (timeouts.get(worker) ?? Number.POSITIVE_INFINITY));
  });

  it('retries what a rule could not deliver, and keeps it in the end', () => {
    const targets = ofType(stage, 'AWS::Events::Rule')
      .filter(({ stack }) => !stack.endsWith('-aws'))
      .flatMap(({ Properties }) => Properties['Targets'] as Record<string, unknown>[]);
    expect(targets.length).toBeGreaterThan(0);
    for (const target of targets) {
      expect(target['RetryPolicy']).toBeDefined();
      expect(target['DeadLetterConfig']).toBeDefined();
    }
  });

  it('denies deletion from the ledger to whoever writes it, so that no later grant can allow it', () => {
    const statements = statementsOf(stage).filter(({ Resource }) => JSON.stringify(Resource).includes('-payments"'));
    const writers = statements.filter(({ Action }) => list(Action).includes('dynamodb:PutItem'));
    expect(writers.length).toBe(4);
    for (const { id } of writers)
      expect(
        statements.filter((one) => one.id === id && one.Effect === 'Deny').flatMap(({ Action }) => list(Action)),
      ).toEqual(['dynamodb:BatchWriteItem', 'dynamodb:DeleteItem', 'dynamodb:DeleteTable', 'dynamodb:PartiQLDelete']);
  });

  it('allows no action by a star, and no resource either where AWS knows a narrower one', () => {
    for (const { id, Action, Resource } of statementsOf(stage)) {
      const actions = list(Action).map(String);
      for (const action of actions) expect(action, id).not.toContain('*');
      if (actions.every((action) => EVERYWHERE.has(action))) continue;
      for (const resource of list(Resource)) expect(JSON.stringify(resource), id).not.toContain('*');
    }
  });

  it('lets nothing be deleted but the seats of a ticket that is void', () => {
    const erasing = statementsOf(stage).filter(
      ({ Effect, Action }) => Effect === 'Allow' && list(Action).includes('dynamodb:DeleteItem'),
    );
    expect(erasing.map(({ id }) => id)).toEqual([expect.stringMatching(/^TicketsOnOrderRefundsTickets/)]);
    for (const { Resource } of erasing) expect(JSON.stringify(Resource)).toContain(`table/oncebox-${name}-tickets"`);
  });

  it('lets the orders’ door state that a document was submitted, and do nothing else with documents', () => {
    const own = statementsOf(stage).filter(
      ({ id, Resource }) => id.startsWith('OrdersApi') && JSON.stringify(Resource).includes(`${name}-documents`),
    );
    expect(own.map(({ Action }) => list(Action))).toEqual([['dynamodb:GetItem', 'dynamodb:PutItem']]);
  });

  it('has a role for each function', () => {
    const roles = ofType(stage, 'AWS::Lambda::Function').map(({ Properties }) => JSON.stringify(Properties['Role']));
    expect(new Set(roles).size).toBe(roles.length);
  });

  it('names each function after its file, and the construct too', () => {
    const functions = stage.platform.contexts.flatMap((context) => context.functions);
    for (const { name: full, node } of functions) {
      const file = full.split('-').slice(3).join('-');
      expect(node.path.toLowerCase().replaceAll('/', '')).toContain(file.replaceAll('-', ''));
      // stack, context, what it is, and at most what of that
      expect(node.path.split('/').length, node.path).toBeLessThanOrEqual(4);
    }
  });

  it('tells a function each thing once', () => {
    for (const { id, Properties } of ofType(stage, 'AWS::Lambda::Function')) {
      const { Variables } = Properties['Environment'] as { Variables: Record<string, unknown> };
      const told = Object.entries(Variables)
        .filter(([variable]) => variable.endsWith('_URL'))
        .map(([, url]) => JSON.stringify(url));
      expect(new Set(told).size, id).toBe(told.length);
    }
  });

  it('stays well below the 500 resources that a stack may have', () => {
    for (const { name: stack, resources } of stage.stacks)
      expect(Object.keys(resources).length, stack).toBeLessThan(400);
  });

  it('watches every queue, and the outbox', () => {
    const alarms = ofType(stage, 'AWS::CloudWatch::Alarm').map(({ Properties }) => String(Properties['AlarmName']));
    const queues = ofType(stage, 'AWS::SQS::Queue')
      .map(({ Properties }) => String(Properties['QueueName']))
      .filter((queue) => !queue.endsWith('-dlq'));
    for (const queue of queues)
      expect(alarms).toEqual(expect.arrayContaining([`${queue}-dead-letters`, `${queue}-waiting`]));
    expect(alarms).toContain(`oncebox-${name}-outbox-stalled`);
  });

  it('tells of an order that stays stuck, be it a single one that is asked after ever less often', () => {
    const [stuck] = ofType(stage, 'AWS::CloudWatch::Alarm').filter(
      ({ Properties }) => Properties['AlarmName'] === `oncebox-${name}-stuck-orders`,
    );
    expect(stuck?.Properties).toMatchObject({
      MetricName: 'OrdersStuckForLong',
      Threshold: 0,
      Period: 300,
      EvaluationPeriods: 1,
      Statistic: 'Sum',
    });
  });

  it('says in each alarm whom it hurts and where the answer is', () => {
    for (const { Properties } of ofType(stage, 'AWS::CloudWatch::Alarm'))
      expect(Properties['AlarmDescription']).toMatch(/^[A-Z].{10,}\. What to do: docs\/runbook\.md#[a-z-]+$/);
  });
});

describe('a stage on AWS', () => {
  it.each(['dev', 'prod'] as const)('%s is not open at any door', (name) => {
    const methods = ofType(synthesized(name), 'AWS::ApiGateway::Method');
    expect(methods.length).toBeGreaterThan(0);
    for (const { Properties } of methods) expect(Properties['AuthorizationType']).toBe('AWS_IAM');
  });

  it('watches errors and throttles of each context, and has somebody told', () => {
    const stage = synthesized('prod');
    const alarms = ofType(stage, 'AWS::CloudWatch::Alarm');
    const names = alarms.map(({ Properties }) => Properties['AlarmName']);
    for (const context of ['relay', 'payments', 'orders', 'tickets', 'catalog', 'balances', 'documents', 'ops'])
      expect(names).toEqual(
        expect.arrayContaining([`oncebox-prod-${context}-errors`, `oncebox-prod-${context}-throttles`]),
      );
    for (const { Properties } of alarms) expect(Properties['AlarmActions']).toHaveLength(1);
  });

  it('is not wired for chaos in production', () => {
    const { resources } = synthesized('prod');
    expect(JSON.stringify(resources)).not.toMatch(/CHAOS_PARAMETER|ssm:GetParameter"/);
    expect(ofType(synthesized('prod'), 'AWS::SSM::Parameter')).toEqual([]);
    expect(ofType(synthesized('local'), 'AWS::SSM::Parameter').map(({ Properties }) => Properties)).toEqual([
      expect.objectContaining({ Name: '/oncebox/local/chaos', Value: JSON.stringify(configOf('local').chaos) }),
    ]);
  });

  it('finds again what happened: an archive, queries, a firewall', () => {
    const types = synthesized('prod').resources.map(({ Type }) => Type);
    for (const type of ['AWS::Events::Archive', 'AWS::Logs::QueryDefinition', 'AWS::WAFv2::WebACLAssociation'])
      expect(types).toContain(type);
  });
});
