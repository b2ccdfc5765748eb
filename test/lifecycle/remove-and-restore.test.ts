import { CloudFormationClient, UpdateTerminationProtectionCommand } from '@aws-sdk/client-cloudformation';
import {
  CreateBackupCommand,
  DeleteTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  ListTablesCommand,
  RestoreTableFromBackupCommand,
  UpdateTableCommand,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import { GetPolicyCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clientOptions } from '../../localstack/settings.ts';
import { EngineAccess } from '../support/engine-access.ts';
import { findLedgerErrors } from '../support/ledger-check.ts';
import { OpsCli } from '../support/ops-cli.ts';
import { OwnStage } from '../support/own-stage.ts';

const CONTEXTS = [
  'payments',
  'orders',
  'tickets',
  'catalog',
  'balances',
  'documents',
  'reports',
  'webhooks',
  'ops',
  'relay',
];
const TABLES = ['payments', 'orders', 'tickets', 'catalog', 'balances', 'documents', 'reports', 'webhooks'].map(
  (name) => `oncebox-test-${name}`,
);
/** Each test runs the CDK CLI several times. */
const TIMEOUT_MS = 300_000;

let stage: OwnStage;
let engine: EngineAccess;
let dynamo: DynamoDBClient;
let cloudFormation: CloudFormationClient;

beforeAll(async () => {
  stage = await OwnStage.start('remove-and-restore', { ONCEBOX_RETAIN_DATA: 'on' });
  engine = new EngineAccess(stage.endpoint);
  dynamo = new DynamoDBClient(clientOptions(stage.endpoint));
  cloudFormation = new CloudFormationClient(clientOptions(stage.endpoint));
});
afterAll(() => stage.stop());

const unprotectData = () =>
  cloudFormation.send(
    new UpdateTerminationProtectionCommand({ StackName: 'oncebox-test-data', EnableTerminationProtection: false }),
  );
const destroy = (...stacks: readonly string[]) => stage.cdk('destroy', ...stacks, '--force');
const listTables = async () => (await dynamo.send(new ListTablesCommand({}))).TableNames ?? [];

/** Replaces a table by a backup of it, as the runbook describes: a restored table lacks stream, TTL and protection. */
async function replaceByBackup(TableName: string, BackupArn: string): Promise<void> {
  await dynamo.send(new UpdateTableCommand({ TableName, DeletionProtectionEnabled: false }));
  await dynamo.send(new DeleteTableCommand({ TableName }));
  await dynamo.send(new RestoreTableFromBackupCommand({ TargetTableName: TableName, BackupArn }));
  await dynamo.send(
    new UpdateTableCommand({
      TableName,
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' },
      DeletionProtectionEnabled: true,
    }),
  );
  const TimeToLiveSpecification = { Enabled: true, AttributeName: 'expires_at' };
  await dynamo.send(new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification }));
}

const createBackup = async (TableName: string): Promise<string> => {
  const { BackupDetails } = await dynamo.send(new CreateBackupCommand({ TableName, BackupName: 'restored' }));
  return BackupDetails?.BackupArn ?? '';
};

const streamOf = async (TableName: string) =>
  (await dynamo.send(new DescribeTableCommand({ TableName }))).Table?.LatestStreamArn;

describe('a stage that retains its data', () => {
  test(
    'answers as before after one context was destroyed and deployed again',
    async () => {
      const customer = await (await stage.api()).customer(10);
      await destroy('oncebox-test-payments', '--exclusively');
      await stage.deployAgain('oncebox-test-payments', '--exclusively');

      expect(await (await stage.api()).balance(customer)).toBe(10);
      // The engine invokes functions without a permission, so the permission itself is read.
      const FunctionName = 'oncebox-test-payments-api';
      const lambda = new LambdaClient(clientOptions(stage.endpoint));
      const { Policy = '{}' } = await lambda.send(new GetPolicyCommand({ FunctionName }));
      expect(Policy).toContain('/test/GET/payments/accounts/*/balance');
    },
    TIMEOUT_MS,
  );

  test(
    'is deployed again onto the tables that it left behind, without loss',
    async () => {
      const before = await stage.api();
      const customer = await before.customer(100);
      expect(await before.waitForFinalState(await before.order(customer, 30))).toMatchObject({ status: 'FINISHED' });
      await expect(destroy('--all')).rejects.toThrow('TerminationProtection');
      await unprotectData();
      await destroy('--all');
      expect((await listTables()).toSorted()).toEqual(TABLES.toSorted());

      await stage.importTables();
      await stage.deployAgain('--all');
      const after = await stage.api();
      expect(await after.balance(customer)).toBe(70);
      expect(await after.waitForFinalState(await after.order(customer, 20))).toMatchObject({ status: 'FINISHED' });
      await expect(destroy('oncebox-test-data', '--exclusively')).rejects.toThrow('TerminationProtection');
    },
    TIMEOUT_MS,
  );

  test(
    'continues from restored tables: orders in progress end, and what came later is gone everywhere',
    async () => {
      const before = await stage.api();
      const cli = new OpsCli(stage.endpoint);
      const customer = await before.customer(100);
      await cli.json('consumers', 'stop', 'order-payments');
      const inProgress = await before.order(customer, 30);
      const backups = await Promise.all(TABLES.map(createBackup));
      const tooLate = await before.order(customer, 5);

      await destroy(...CONTEXTS.map((name) => `oncebox-test-${name}`), '--exclusively');
      expect(await before.get(`/orders/${inProgress}`)).toMatchObject({ status: 500, body: { code: 'internal' } });
      await unprotectData();
      await destroy('oncebox-test-data', '--exclusively');
      const oldStream = await streamOf('oncebox-test-orders');
      for (const [index, table] of TABLES.entries()) await replaceByBackup(table, backups[index] ?? '');
      expect(await streamOf('oncebox-test-orders')).not.toBe(oldStream);
      await stage.importTables();
      await stage.deployAgain('--all');

      const after = await stage.api();
      expect(await after.get(`/orders/${tooLate}`)).toMatchObject({ status: 404 });
      const { sent } = await cli.json<{ sent: number }>('outbox', 'resend', '--since', '30m');
      expect(sent).toBeGreaterThan(0);
      expect(await after.waitForFinalState(inProgress)).toMatchObject({ status: 'FINISHED' });
      expect(await after.balance(customer)).toBe(70);
      expect(await after.waitForFinalState(await after.order(customer, 20))).toMatchObject({ status: 'FINISHED' });
      expect(findLedgerErrors(await engine.rows('payments'))).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    'is removed with its data after a deployment without retention',
    async () => {
      await stage.synthesize({ ONCEBOX_RETAIN_DATA: 'off' });
      await stage.deployAgain('oncebox-test-data', '--exclusively');
      await destroy('--all');
      expect(await listTables()).toEqual([]);
    },
    TIMEOUT_MS,
  );
});
