import { describe, expect, test } from 'vitest';
import { synthesized } from '../support/synthesized.ts';

interface KeyAttribute {
  readonly AttributeName: string;
  readonly KeyType: 'HASH' | 'RANGE';
}

interface TableProperties {
  readonly TableName: string;
  readonly KeySchema: readonly KeyAttribute[];
  readonly AttributeDefinitions: readonly { readonly AttributeName: string; readonly AttributeType: string }[];
  readonly GlobalSecondaryIndexes?: readonly {
    readonly IndexName: string;
    readonly KeySchema: readonly KeyAttribute[];
    readonly Projection: { readonly ProjectionType: string };
  }[];
}

/** Writes a key as `pk:S, sk:S`. */
const keyText = (keys: readonly KeyAttribute[], { AttributeDefinitions }: TableProperties): string =>
  keys
    .map(({ AttributeName: name }) => {
      const type = AttributeDefinitions.find(({ AttributeName }) => AttributeName === name)?.AttributeType;
      return `${name}:${type}`;
    })
    .join(', ');

function describeTable(properties: TableProperties) {
  const { TableName: name, KeySchema, GlobalSecondaryIndexes: indexes = [] } = properties;
  return {
    name,
    key: keyText(KeySchema, properties),
    indexes: Object.fromEntries(
      indexes.map(({ IndexName, KeySchema: keys, Projection }) => [
        IndexName,
        `${keyText(keys, properties)} (${Projection.ProjectionType})`,
      ]),
    ),
  };
}

/**
 * The identity of each table. With another name, a stage works on a new, empty table. With another logical id or key,
 * CloudFormation refuses the deployment, since the name is taken, and the embedded engine overwrites the rows. An index
 * that changes is built again from the whole table, and a deployment can change only one index of a table. So if this
 * test fails for a table that exists in a stage, its data needs a migration. A new table is added here.
 */
const tables = {
  PaymentsTable9E001CC6: {
    name: 'oncebox-prod-payments',
    key: 'pk:S, sk:S',
    indexes: { by_account: 'account:S, version:N (ALL)', by_bucket: 'bucket:S, user_id:S (KEYS_ONLY)' },
  },
  OrdersTable1F8332C7: {
    name: 'oncebox-prod-orders',
    key: 'pk:S, sk:S',
    indexes: {
      by_user: 'user_id:S, placed_at_id:S (KEYS_ONLY)',
      by_published_minute: 'published_minute:S, sk:S (KEYS_ONLY)',
    },
  },
  TicketsTable99936E8C: { name: 'oncebox-prod-tickets', key: 'pk:S, sk:S', indexes: {} },
  CatalogTableBBEA0CBC: {
    name: 'oncebox-prod-catalog',
    key: 'pk:S, sk:S',
    indexes: { by_sku: 'list:S, sku:S (KEYS_ONLY)' },
  },
  BalancesTableFFD0C0A7: { name: 'oncebox-prod-balances', key: 'pk:S, sk:S', indexes: {} },
  DocumentsTable2245A403: {
    name: 'oncebox-prod-documents',
    key: 'pk:S, sk:S',
    indexes: { newest_cached: 'list:S, newest:S (KEYS_ONLY)' },
  },
  ReportsTable5E17AF2D: {
    name: 'oncebox-prod-reports',
    key: 'pk:S, sk:S',
    indexes: { by_time: 'list:S, listed_at:S (KEYS_ONLY)' },
  },
  WebhooksTable55C3C645: { name: 'oncebox-prod-webhooks', key: 'pk:S, sk:S', indexes: {} },
};

describe('the tables', () => {
  const prod = synthesized('prod');
  const found = prod.resources.filter(({ Type }) => Type === 'AWS::DynamoDB::Table');

  test('keep their logical ids, names, keys and indexes, so that no deployment replaces one', () => {
    const described = found.map(({ id, Properties }) => [id, describeTable(Properties as unknown as TableProperties)]);
    expect(Object.fromEntries(described)).toMatchObject(tables);
  });

  test('are alone in the data stack, so that all other stacks can be deployed again without loss', () => {
    const data = prod.resources.filter(({ stack }) => stack === 'oncebox-prod-data');
    expect(data.map(({ Type }) => Type)).toEqual(found.map(() => 'AWS::DynamoDB::Table'));
  });

  test('remain when prod is removed or a table is replaced, and go with the stack of dev', () => {
    for (const { DeletionPolicy, UpdateReplacePolicy } of found)
      expect([DeletionPolicy, UpdateReplacePolicy]).toEqual(['Retain', 'Retain']);
    const dev = synthesized('dev').resources.filter(({ Type }) => Type === 'AWS::DynamoDB::Table');
    expect(dev).toHaveLength(found.length);
    for (const { DeletionPolicy, Properties } of dev) {
      expect(DeletionPolicy).toBe('Delete');
      expect(Properties['DeletionProtectionEnabled']).toBe(false);
    }
  });

  test('are in a stack that cannot be deleted in prod, and can be in dev', () => {
    const isProtected = (stage: 'prod' | 'dev') =>
      synthesized(stage).app.synth().getStackByName(`oncebox-${stage}-data`).terminationProtection;
    expect(isProtected('prod')).toBe(true);
    expect(isProtected('dev')).toBeFalsy();
  });
});
