import { describe, expect, test } from 'vitest';
import { runLimits } from '../../lambdas/reports/run.ts';
import { RUN_WORK_S, reportColumns } from '../../lambdas/reports/table.ts';
import { type SynthesizedStage, synthesized } from '../support/synthesized.ts';

const prod = synthesized('prod');
const propertiesOf = ({ resources }: SynthesizedStage, type: string) =>
  resources.filter(({ Type }) => Type === type).map(({ Properties }) => Properties);

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: unknown;
}

function statementsOf(role: RegExp): Statement[] {
  const roles = prod.resources.filter(({ id, Type }) => Type === 'AWS::IAM::Role' && role.test(id));
  expect(roles).toHaveLength(1);
  const policies = (roles[0]?.Properties['Policies'] ?? []) as { PolicyDocument: { Statement: Statement[] } }[];
  return policies.flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
}

/** Returns the folders of the bucket on which a role may take an action. */
const foldersOf = (role: RegExp, action: string): string[] =>
  statementsOf(role)
    .filter(({ Action }) => [Action].flat().includes(action))
    .flatMap(({ Resource }) => [Resource].flat())
    .map((resource) => /\/(\w+)\/\*"/.exec(JSON.stringify(resource))?.[1] ?? JSON.stringify(resource))
    .toSorted();

describe('the bucket of reports', () => {
  const [bucket] = prod.resources.filter(({ Type }) => Type === 'AWS::S3::Bucket');
  const properties = bucket?.Properties ?? {};

  test('is encrypted, closed to the public, and without versions', () => {
    expect(JSON.stringify(properties['BucketEncryption'])).toContain('AES256');
    expect(properties['PublicAccessBlockConfiguration']).toEqual({
      BlockPublicAcls: true,
      BlockPublicPolicy: true,
      IgnorePublicAcls: true,
      RestrictPublicBuckets: true,
    });
    expect(properties).not.toHaveProperty('VersioningConfiguration');
  });

  test('refuses requests without TLS', () => {
    const [policy] = propertiesOf(prod, 'AWS::S3::BucketPolicy');
    const { Statement: statements } = (policy?.['PolicyDocument'] ?? {}) as { Statement?: Statement[] };
    expect(statements).toEqual([
      expect.objectContaining({
        Effect: 'Deny',
        Action: 's3:*',
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      }),
    ]);
  });

  test('deletes parts, files, exports and unfinished uploads when they are of no more use', () => {
    const { Rules: rules } = properties['LifecycleConfiguration'] as { Rules: Record<string, unknown>[] };
    expect(rules.map(({ Prefix, ExpirationInDays }) => [Prefix, ExpirationInDays])).toEqual([
      ['parts/', 15],
      ['reports/', 7],
      ['exports/', 400],
      [undefined, undefined],
    ]);
    expect(rules.at(-1)).toMatchObject({
      AbortIncompleteMultipartUpload: { DaysAfterInitiation: 15 },
      Status: 'Enabled',
    });
  });

  test('goes with its stack, which AWS refuses as long as it has objects, and blocks no later deployment', () => {
    expect(bucket?.DeletionPolicy).toBe('Delete');
    expect(JSON.stringify(properties['BucketName'])).toContain('AWS::AccountId');
  });

  test('is written by the worker only, and links are for the files of finished reports only', () => {
    expect(foldersOf(/^ReportsApi/, 's3:GetObject')).toEqual(['exports', 'reports']);
    expect(foldersOf(/^ReportsApi/, 's3:PutObject')).toEqual([]);
    expect(foldersOf(/^ReportsOnReportRuns/, 's3:GetObject')).toEqual(['parts']);
    expect(foldersOf(/^ReportsOnReportRuns/, 's3:PutObject')).toEqual(['exports', 'parts', 'reports']);
  });
});

test('the worker reads the tables of orders and payments, and writes its own table only', () => {
  const actionsOn = (table: string) =>
    statementsOf(/^ReportsOnReportRuns/)
      .filter(
        ({ Effect, Resource }) => Effect === 'Allow' && JSON.stringify(Resource).includes(`oncebox-prod-${table}"`),
      )
      .flatMap(({ Action }) => [Action].flat())
      .toSorted();
  expect(actionsOn('orders')).toEqual(['dynamodb:Scan']);
  expect(actionsOn('payments')).toEqual(['BatchGetItem', 'GetItem', 'Query', 'Scan'].map((name) => `dynamodb:${name}`));
  expect(actionsOn('reports')).toEqual(['GetItem', 'PutItem', 'Query', 'UpdateItem'].map((name) => `dynamodb:${name}`));
});

test('a run ends early enough to write its last part before the function is stopped', () => {
  const [worker] = propertiesOf(prod, 'AWS::Lambda::Function').filter(
    ({ FunctionName }) => FunctionName === 'oncebox-prod-reports-on-report-runs',
  );
  expect(worker?.['RecursiveLoop']).toBe('Allow');
  const deadlineMs = (Number(worker?.['Timeout']) * 1000) / 2;
  expect(runLimits.partMs + runLimits.reserveMs).toBeLessThan(deadlineMs);
  expect(deadlineMs - runLimits.reserveMs).toBe(RUN_WORK_S * 1000);
  // The worker holds a part, a page of each segment, and a part of the upload.
  expect(2 * (runLimits.partBytes + runLimits.uploadBytes) + 8 * 2 ** 20).toBeLessThan(
    (Number(worker?.['MemorySize']) / 4) * 2 ** 20,
  );
});

describe('the tables for Athena', () => {
  const tables = propertiesOf(prod, 'AWS::Glue::Table').map(({ TableInput }) => TableInput as Record<string, unknown>);

  test('exist on AWS only, one for each kind of report, with its columns', () => {
    expect(propertiesOf(synthesized('local'), 'AWS::Glue::Table')).toEqual([]);
    const columnsOf = ({ StorageDescriptor }: Record<string, unknown>) =>
      (StorageDescriptor as { Columns: { Name: string; Type: string }[] }).Columns.map(({ Name, Type }) => [
        Name,
        Type,
      ]);
    expect(Object.fromEntries(tables.map((table) => [table['Name'], columnsOf(table)]))).toEqual(
      Object.fromEntries(
        Object.entries(reportColumns).map(([kind, columns]) => [
          kind,
          columns.map(({ name, type }) => [name, type === 'integer' ? 'bigint' : 'string']),
        ]),
      ),
    );
  });

  test.each(tables)('compute their partitions by the date in the path of an export (%#)', (table) => {
    const parameters = table['Parameters'] as Record<string, unknown>;
    const kind = String(table['Name']);
    expect(parameters).toMatchObject({
      'projection.enabled': 'true',
      'projection.date.type': 'date',
      'projection.date.format': 'yyyy-MM-dd',
      'projection.date.range': '2026-01-01,NOW',
    });
    expect(table['PartitionKeys']).toEqual([expect.objectContaining({ Name: 'date', Type: 'string' })]);
    expect(JSON.stringify(parameters['storage.location.template'])).toContain(`/exports/kind=${kind}/date=\${date}/`);
    expect(JSON.stringify(table['StorageDescriptor'])).toContain('org.openx.data.jsonserde.JsonSerDe');
  });
});
