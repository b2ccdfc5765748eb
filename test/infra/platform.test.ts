import { Stack } from 'aws-cdk-lib';
import { describe, expect, test } from 'vitest';
import { configOf, type Stage } from '../../lib/config.ts';
import { filesOf } from '../support/source-tree.ts';
import { type SynthesizedStage, synthesized } from '../support/synthesized.ts';

const stages: readonly Stage[] = ['local', 'prod'];
const resourcesOfType = ({ resources }: SynthesizedStage, type: string) =>
  resources.filter(({ Type }) => Type === type);
const toArray = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value]);

interface Statement {
  readonly Effect: string;
  readonly Action: string | string[];
  readonly Resource: unknown;
  readonly Condition?: Record<string, Record<string, unknown>>;
}

const statementsOf = (stage: SynthesizedStage): (Statement & { id: string })[] =>
  resourcesOfType(stage, 'AWS::IAM::Role').flatMap(({ id, Properties }) =>
    ((Properties['Policies'] ?? []) as { PolicyDocument: { Statement: Statement[] } }[]).flatMap(({ PolicyDocument }) =>
      PolicyDocument.Statement.map((statement) => ({ ...statement, id })),
    ),
  );

/** The objects of one folder of the bucket of reports. IAM has no narrower name for them. */
const FOLDER_OF_REPORTS = /:s3:::oncebox-\w+-reports-[^*]*\/(parts|reports|exports)\/\*"/;

/** Actions that AWS does not limit to a resource. */
const WILDCARD_ACTIONS = new Set(['xray:PutTraceSegments', 'xray:PutTelemetryRecords', 'dynamodb:ListStreams']);

describe.each(stages)('the %s stage', (name) => {
  const stage = synthesized(name);

  test('has a DLQ for each queue, encryption, and access by TLS only', () => {
    const queues = resourcesOfType(stage, 'AWS::SQS::Queue');
    const names = queues.map(({ Properties }) => String(Properties['QueueName']));
    for (const { Properties } of queues) {
      expect(Properties['SqsManagedSseEnabled']).toBe(true);
      const queue = String(Properties['QueueName']);
      if (queue.endsWith('-dlq')) continue;
      expect(names).toContain(`${queue}-dlq`);
      expect(Properties['RedrivePolicy']).toBeDefined();
    }
    const tlsPolicies = resourcesOfType(stage, 'AWS::SQS::QueuePolicy').filter(({ Properties }) =>
      (Properties['PolicyDocument'] as { Statement: Statement[] }).Statement.some(
        ({ Effect, Condition }) => Effect === 'Deny' && Condition?.['Bool']?.['aws:SecureTransport'] === 'false',
      ),
    );
    expect(tlsPolicies.length).toBe(queues.length);
  });

  test('has names of queues, rules and alarms that AWS accepts, including the underscore of balance_updates', () => {
    const names = (type: string, property: string) =>
      resourcesOfType(stage, type).flatMap(({ Properties }) =>
        Properties[property] ? [String(Properties[property])] : [],
      );
    expect(names('AWS::SQS::Queue', 'QueueName')).toContain(`oncebox-${name}-balance_updates`);
    for (const queue of names('AWS::SQS::Queue', 'QueueName')) expect(queue).toMatch(/^[A-Za-z0-9_-]{1,80}$/);
    for (const rule of names('AWS::Events::Rule', 'Name')) expect(rule).toMatch(/^[.\-_A-Za-z0-9]{1,64}$/);
    for (const alarm of names('AWS::CloudWatch::Alarm', 'AlarmName')) expect(alarm).toMatch(/^[\w-]{1,255}$/);
  });

  test('allows the sync of balances to read the ledger and nothing else there', () => {
    const onLedger = statementsOf(stage).filter(
      ({ id, Resource }) => id.startsWith('BalancesSync') && JSON.stringify(Resource).includes('-payments'),
    );
    expect(onLedger.flatMap(({ Action }) => toArray(Action)).sort()).toEqual([
      'dynamodb:BatchGetItem',
      'dynamodb:GetItem',
      'dynamodb:Query',
    ]);
  });

  test('gives each queue a visibility timeout of six times the timeout of its function', () => {
    const timeouts = new Map(
      resourcesOfType(stage, 'AWS::Lambda::Function').map(({ id, Properties }) => [id, Number(Properties['Timeout'])]),
    );
    const visibilityTimeouts = new Map(
      resourcesOfType(stage, 'AWS::SQS::Queue').map(({ id, Properties }) => [
        id,
        Number(Properties['VisibilityTimeout'] ?? 30),
      ]),
    );
    const mappings = resourcesOfType(stage, 'AWS::Lambda::EventSourceMapping').map(({ Properties }) => ({
      queue: (Properties['EventSourceArn'] as { 'Fn::GetAtt'?: string[] })['Fn::GetAtt']?.[0] ?? '',
      consumer: (Properties['FunctionName'] as { Ref: string }).Ref,
    }));
    const queueMappings = mappings.filter(({ queue }) => visibilityTimeouts.has(queue));
    expect(queueMappings.length).toBe(filesOf('lambdas/*/on-*.ts').length);
    for (const { queue, consumer } of queueMappings)
      expect(visibilityTimeouts.get(queue)).toBeGreaterThanOrEqual(
        6 * (timeouts.get(consumer) ?? Number.POSITIVE_INFINITY),
      );
  });

  test('has a retry policy and a DLQ on each rule target', () => {
    const targets = resourcesOfType(stage, 'AWS::Events::Rule')
      .filter(({ stack }) => !stack.endsWith('-aws'))
      .flatMap(({ Properties }) => Properties['Targets'] as Record<string, unknown>[]);
    expect(targets.length).toBeGreaterThan(0);
    for (const target of targets) {
      expect(target['RetryPolicy']).toBeDefined();
      expect(target['DeadLetterConfig']).toBeDefined();
    }
  });

  test('denies deletion to each role that writes the ledger', () => {
    const statements = statementsOf(stage).filter(({ Resource }) => JSON.stringify(Resource).includes('-payments"'));
    const writers = statements.filter(({ Action }) => toArray(Action).includes('dynamodb:PutItem'));
    expect(writers.length).toBeGreaterThanOrEqual(4);
    for (const { id } of writers)
      expect(
        statements
          .filter((statement) => statement.id === id && statement.Effect === 'Deny' && !statement.Condition)
          .flatMap(({ Action }) => toArray(Action)),
      ).toEqual(['dynamodb:BatchWriteItem', 'dynamodb:DeleteItem', 'dynamodb:DeleteTable', 'dynamodb:PartiQLDelete']);
  });

  test('allows no wildcard action, and no wildcard resource for an action that AWS can limit', () => {
    for (const { id, Action, Resource } of statementsOf(stage)) {
      const actions = toArray(Action).map(String);
      for (const action of actions) expect(action, id).not.toContain('*');
      if (actions.every((action) => WILDCARD_ACTIONS.has(action))) continue;
      for (const resource of toArray(Resource)) {
        if (FOLDER_OF_REPORTS.test(JSON.stringify(resource))) continue;
        expect(JSON.stringify(resource), id).not.toContain('*');
      }
    }
  });

  test('allows deletes only to the consumer that frees the seats of a void ticket, and to the API of webhooks', () => {
    const deleting = statementsOf(stage).filter(
      ({ Effect, Action }) => Effect === 'Allow' && toArray(Action).includes('dynamodb:DeleteItem'),
    );
    expect(deleting.map(({ id, Resource }) => [id, JSON.stringify(Resource)])).toEqual([
      [
        expect.stringMatching(/^TicketsOnOrderRefundsTickets/),
        expect.stringContaining(`table/oncebox-${name}-tickets"`),
      ],
      [expect.stringMatching(/^WebhooksApi/), expect.stringContaining(`table/oncebox-${name}-webhooks"`)],
    ]);
  });

  test('allows the orders API only to publish on the documents table', () => {
    const onDocuments = statementsOf(stage).filter(
      ({ id, Resource }) => id.startsWith('OrdersApi') && JSON.stringify(Resource).includes(`${name}-documents`),
    );
    expect(onDocuments.map(({ Action }) => toArray(Action))).toEqual([['dynamodb:PutItem']]);
  });

  test('has a separate role for each function', () => {
    const roles = resourcesOfType(stage, 'AWS::Lambda::Function').map(({ Properties }) =>
      JSON.stringify(Properties['Role']),
    );
    expect(new Set(roles).size).toBe(roles.length);
  });

  test('names each function and its construct after the file', () => {
    const functions = stage.platform.contexts.flatMap((context) => context.functions);
    for (const { name: functionName, node } of functions) {
      const file = functionName.split('-').slice(3).join('-');
      expect(node.path.toLowerCase().replaceAll('/', '')).toContain(file.replaceAll('-', ''));
      // The path is stack, context, pattern, and at most one part of the pattern.
      expect(node.path.split('/').length, node.path).toBeLessThanOrEqual(4);
    }
  });

  test('gives a function no URL by two variables', () => {
    for (const { id, Properties } of resourcesOfType(stage, 'AWS::Lambda::Function')) {
      const { Variables } = Properties['Environment'] as { Variables: Record<string, unknown> };
      const urls = Object.entries(Variables)
        .filter(([variable]) => variable.endsWith('_URL'))
        .map(([, url]) => JSON.stringify(url));
      expect(new Set(urls).size, id).toBe(urls.length);
    }
  });

  test('lets the consumers of queues requeue messages without end, and no other function run in a loop', () => {
    for (const { id, Properties } of resourcesOfType(stage, 'AWS::Lambda::Function')) {
      const { Variables } = Properties['Environment'] as { Variables: Record<string, unknown> };
      expect(Properties['RecursiveLoop'], id).toBe(Variables['CONSUMER'] ? 'Allow' : undefined);
    }
  });

  test('deploys the API after every context, so that the first order meets all consumers', () => {
    const api = stage.app.node.findChild(`oncebox-${name}-api`) as Stack;
    const contexts = stage.platform.contexts.map((context) => Stack.of(context).stackName);
    expect(contexts).toContain(`oncebox-${name}-tickets`);
    expect(api.dependencies.map(({ stackName }) => stackName)).toEqual(expect.arrayContaining(contexts));
  });

  test('has less than 400 resources in each stack, of the 500 that CloudFormation allows', () => {
    for (const { name: stack, resources } of stage.stacks)
      expect(Object.keys(resources).length, stack).toBeLessThan(400);
  });

  test('sends the outbox records of each table to the relay, except for the two that have none', () => {
    const tables = resourcesOfType(stage, 'AWS::DynamoDB::Table').map(({ Properties }) =>
      String(Properties['TableName']).replace(`oncebox-${name}-`, ''),
    );
    const streams = resourcesOfType(stage, 'AWS::Lambda::EventSourceMapping')
      .map(({ Properties }) => JSON.stringify(Properties['EventSourceArn']))
      .flatMap((arn) => /GetAtt([A-Za-z]+)Table\w+StreamArn/.exec(arn)?.[1]?.toLowerCase() ?? []);
    const publishing = tables.filter((table) => table !== 'balances' && table !== 'webhooks');
    expect(streams.sort()).toEqual(publishing.sort());
  });

  test('has alarms for each queue and for the outbox', () => {
    const alarms = resourcesOfType(stage, 'AWS::CloudWatch::Alarm').map(({ Properties }) =>
      String(Properties['AlarmName']),
    );
    const queues = resourcesOfType(stage, 'AWS::SQS::Queue')
      .map(({ Properties }) => String(Properties['QueueName']))
      .filter((queue) => !queue.endsWith('-dlq'));
    for (const queue of queues)
      expect(alarms).toEqual(expect.arrayContaining([`${queue}-dead-letters`, `${queue}-waiting`]));
    expect(alarms).toContain(`oncebox-${name}-outbox-stalled`);
  });

  test('alerts on a single order that stays stuck, although it is nudged at growing intervals', () => {
    const [stuck] = resourcesOfType(stage, 'AWS::CloudWatch::Alarm').filter(
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
});

describe('a stage on AWS', () => {
  // Synthesized before the tests, because it may take longer than a test's timeout on a busy machine.
  const dev = synthesized('dev');
  const prod = synthesized('prod');

  test.each([
    ['dev', dev],
    ['prod', prod],
  ])('requires a signature on each method of %s', (_name, stage) => {
    const methods = resourcesOfType(stage, 'AWS::ApiGateway::Method');
    expect(methods.length).toBeGreaterThan(0);
    for (const { Properties } of methods) expect(Properties['AuthorizationType']).toBe('AWS_IAM');
  });

  test('lets only the alarms of the stage publish to the alarm topic', () => {
    const [policy] = resourcesOfType(prod, 'AWS::SNS::TopicPolicy');
    const { Statement: statements = [] } = (policy?.Properties['PolicyDocument'] ?? {}) as { Statement?: Statement[] };
    const allowed = statements.filter(({ Effect }) => Effect === 'Allow');
    expect(allowed).toHaveLength(1);
    expect(allowed[0]).toMatchObject({
      Principal: { Service: 'cloudwatch.amazonaws.com' },
      Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
    });
    expect(JSON.stringify(allowed[0]?.Condition?.['ArnLike'])).toMatch(/"aws:SourceArn".*:alarm:oncebox-prod-\*/);
  });

  test('has no chaos parameter in production', () => {
    expect(JSON.stringify(prod.resources)).not.toMatch(/CHAOS_PARAMETER|ssm:GetParameter"/);
    expect(resourcesOfType(prod, 'AWS::SSM::Parameter')).toEqual([]);
    expect(resourcesOfType(synthesized('local'), 'AWS::SSM::Parameter').map(({ Properties }) => Properties)).toEqual([
      expect.objectContaining({ Name: '/oncebox/local/chaos', Value: JSON.stringify(configOf('local').chaos) }),
    ]);
  });

  test('has an event archive, saved queries and a firewall', () => {
    const types = prod.resources.map(({ Type }) => Type);
    for (const type of ['AWS::Events::Archive', 'AWS::Logs::QueryDefinition', 'AWS::WAFv2::WebACLAssociation'])
      expect(types).toContain(type);
  });
});
