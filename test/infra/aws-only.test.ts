import { readFileSync } from 'node:fs';
import { AwsSolutionsChecks } from 'cdk-nag';
import { describe, expect, test } from 'vitest';
import { configOf } from '../../lib/config.ts';
import { sample } from '../support/documents.ts';
import { filesOf } from '../support/source-tree.ts';
import { type SynthesizedStage, synthesizeConfig, synthesized } from '../support/synthesized.ts';

const prod = synthesized('prod');
const dev = synthesized('dev');
const withTableKey = synthesizeConfig({ ...configOf('prod'), customerKeys: { alarmTopic: true, tables: true } });

const resourcesOfType = ({ resources }: SynthesizedStage, type: string) =>
  resources.filter(({ Type }) => Type === type);
const propertiesOf = (stage: SynthesizedStage, type: string) =>
  resourcesOfType(stage, type).map(({ Properties }) => Properties);

interface Statement {
  readonly Effect: string;
  readonly Principal: unknown;
  readonly Action: string | readonly string[];
  readonly Condition?: unknown;
}
const statementsOf = (properties: Record<string, unknown> | undefined, policy: string) =>
  (properties?.[policy] as { Statement: readonly Statement[] } | undefined)?.Statement ?? [];

describe('the event archive', () => {
  const [archive] = propertiesOf(prod, 'AWS::Events::Archive');
  const pattern = archive?.['EventPattern'] as { 'detail-type': { 'anything-but': string[] }[] };
  const excluded = pattern['detail-type'].flatMap((condition) => condition['anything-but']);
  const samples = filesOf('events/*/samples/*.v*.json').map((file) => {
    const text = readFileSync(file, 'utf8');
    return { type: (JSON.parse(text) as { type: string }).type, text };
  });
  const personal = [sample.delivery.name, sample.delivery.phone, sample.delivery.address, sample.delivery.email];
  const isPersonal = ({ text }: { text: string }) => personal.some((value) => text.includes(value));

  test('leaves out every event with personal data', () => {
    const types = new Set(samples.filter(isPersonal).map(({ type }) => type));
    expect([...types].toSorted()).toEqual(['OrderDocumentSubmitted', 'OrderFound']);
    expect(excluded).toEqual(expect.arrayContaining([...types]));
  });

  test('keeps every other event', () => {
    const others = samples.filter((event) => !isPersonal(event)).map(({ type }) => type);
    expect(others).toContain('OrderCreated');
    for (const type of others) expect(excluded).not.toContain(type);
  });
});

describe('the logs of the API', () => {
  const [stage] = resourcesOfType(prod, 'AWS::ApiGateway::Stage');

  test('show latency, the type of an error, the caller and the trace, but no address, no query and no message', () => {
    const { Format = '{}' } = (stage?.Properties['AccessLogSetting'] ?? {}) as { Format?: string };
    const fields = JSON.parse(Format) as Record<string, string>;
    expect(Object.values(fields)).toEqual(
      expect.arrayContaining([
        '$context.requestId',
        '$context.status',
        '$context.responseLatency',
        '$context.integrationLatency',
        '$context.integration.status',
        '$context.error.responseType',
        '$context.identity.userArn',
        '$context.xrayTraceId',
      ]),
    );
    // The path of a request may contain what a caller has put into it. The resource path is the path of the route.
    expect(Format).not.toMatch(/sourceIp|context\.path|userAgent|query/i);
    // API Gateway does not escape messages, which may contain quotes and parts of the request.
    expect(Format).not.toMatch(/message/i);
  });

  test('of executions exist before the stage writes to them, so that they expire', () => {
    const logs = resourcesOfType(prod, 'AWS::Logs::LogGroup').find(({ Properties }) =>
      JSON.stringify(Properties['LogGroupName']).includes('API-Gateway-Execution-Logs_'),
    );
    expect(logs?.Properties).toMatchObject({
      LogGroupName: { 'Fn::Join': ['', ['API-Gateway-Execution-Logs_', { Ref: expect.anything() }, '/prod']] },
      RetentionInDays: 90,
    });
    expect((stage as unknown as { DependsOn: string[] }).DependsOn).toContain(logs?.id);
  });

  test('cost no metrics for each method, unless the stage asks for them', () => {
    const metricsOf = (synthesizedStage: SynthesizedStage) =>
      propertiesOf(synthesizedStage, 'AWS::ApiGateway::Stage')
        .flatMap(({ MethodSettings }) => MethodSettings as { MetricsEnabled?: boolean }[])
        .map(({ MetricsEnabled }) => MetricsEnabled);
    expect(metricsOf(prod)).toEqual([false]);
    const config = configOf('prod');
    expect(metricsOf(synthesizeConfig({ ...config, api: { ...config.api, methodMetrics: true } }))).toEqual([true]);
  });
});

describe('the firewall', () => {
  test('logs what it blocks and counts, without credentials and query', () => {
    const [logging] = propertiesOf(prod, 'AWS::WAFv2::LoggingConfiguration');
    expect(logging).toMatchObject({
      RedactedFields: [
        { SingleHeader: { Name: 'authorization' } },
        { SingleHeader: { Name: 'x-amz-security-token' } },
        { SingleHeader: { Name: 'cookie' } },
        { QueryString: {} },
      ],
      LoggingFilter: {
        DefaultBehavior: 'DROP',
        Filters: [
          {
            Behavior: 'KEEP',
            Requirement: 'MEETS_ANY',
            Conditions: [{ ActionCondition: { Action: 'BLOCK' } }, { ActionCondition: { Action: 'COUNT' } }],
          },
        ],
      },
    });
    const groups = propertiesOf(prod, 'AWS::Logs::LogGroup');
    // AWS requires this prefix.
    expect(groups).toContainEqual(
      expect.objectContaining({ LogGroupName: 'aws-waf-logs-oncebox-prod', RetentionInDays: 90 }),
    );
  });

  test('does not exist in dev, where it would cost more than everything else', () => {
    expect(resourcesOfType(dev, 'AWS::WAFv2::WebACL')).toEqual([]);
    expect(resourcesOfType(dev, 'AWS::WAFv2::WebACLAssociation')).toEqual([]);
  });
});

describe('customer keys', () => {
  test('encrypt the alarm topic of prod, and let only its alarms use the key', () => {
    const [topic] = propertiesOf(prod, 'AWS::SNS::Topic');
    const [key] = resourcesOfType(prod, 'AWS::KMS::Key');
    expect(JSON.stringify(topic?.['KmsMasterKeyId'])).toContain(String(key?.id));
    expect(key?.Properties['EnableKeyRotation']).toBe(true);
    const ofAlarms = statementsOf(key?.Properties, 'KeyPolicy').filter(({ Principal }) =>
      JSON.stringify(Principal).includes('cloudwatch.amazonaws.com'),
    );
    expect(ofAlarms).toEqual([
      expect.objectContaining({
        Effect: 'Allow',
        Action: ['kms:Decrypt', 'kms:GenerateDataKey*'],
        Condition: {
          StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } },
          ArnLike: { 'aws:SourceArn': expect.anything() },
        },
      }),
    ]);
  });

  test('encrypt the tables of a stage that asks for it, through DynamoDB only, and stay with the tables', () => {
    const tables = propertiesOf(withTableKey, 'AWS::DynamoDB::Table');
    expect(tables.length).toBeGreaterThanOrEqual(6);
    for (const table of tables)
      expect(table['SSESpecification']).toMatchObject({
        SSEEnabled: true,
        SSEType: 'KMS',
        KMSMasterKeyId: { 'Fn::Join': ['', expect.arrayContaining([':alias/oncebox-prod-tables'])] },
      });
    const key = resourcesOfType(withTableKey, 'AWS::KMS::Key').find(({ stack }) => stack === 'oncebox-prod-keys');
    expect(key).toMatchObject({ DeletionPolicy: 'Retain', Properties: { EnableKeyRotation: true } });
    const throughDynamo = statementsOf(key?.Properties, 'KeyPolicy').filter(({ Condition }) => Condition !== undefined);
    expect(throughDynamo).toEqual([
      expect.objectContaining({
        Condition: {
          StringEquals: {
            'kms:CallerAccount': { Ref: 'AWS::AccountId' },
            'kms:ViaService': { 'Fn::Join': ['', ['dynamodb.', { Ref: 'AWS::Region' }, '.amazonaws.com']] },
          },
        },
      }),
    ]);
    const { dependencies } = withTableKey.app.synth().getStackByName('oncebox-prod-data');
    expect(dependencies.map(({ id }) => id)).toContain('oncebox-prod-keys');
  });

  test('are absent by default: from the tables, and from dev, since a key costs a dollar a month', () => {
    for (const table of [prod, dev].flatMap((stage) => propertiesOf(stage, 'AWS::DynamoDB::Table')))
      expect(table).not.toHaveProperty('SSESpecification');
    expect(resourcesOfType(dev, 'AWS::KMS::Key')).toEqual([]);
  });

  test('cause no finding of cdk-nag that is not suppressed with a reason', () => {
    const { violations } = new AwsSolutionsChecks(withTableKey.app).validateScope(withTableKey.app);
    expect(violations.map(({ ruleName, violatingResources }) => [ruleName, violatingResources])).toEqual([]);
  });
});

test('a stage with a ceiling limits the units of each table and of each index', () => {
  const config = { ...configOf('prod'), tableCeiling: { readUnits: 700, writeUnits: 300 } };
  const ceiling = { MaxReadRequestUnits: 700, MaxWriteRequestUnits: 300 };
  for (const table of propertiesOf(synthesizeConfig(config), 'AWS::DynamoDB::Table')) {
    expect(table['OnDemandThroughput']).toEqual(ceiling);
    for (const index of (table['GlobalSecondaryIndexes'] ?? []) as Record<string, unknown>[])
      expect(index['OnDemandThroughput']).toEqual(ceiling);
  }
  for (const table of propertiesOf(prod, 'AWS::DynamoDB::Table'))
    expect(table).not.toHaveProperty('OnDemandThroughput');
  for (const table of propertiesOf(dev, 'AWS::DynamoDB::Table')) expect(table).toHaveProperty('OnDemandThroughput');
});
