import { RemovalPolicy, Stack, Tags } from 'aws-cdk-lib';
import {
  AttributeType,
  BillingMode,
  ProjectionType,
  StreamViewType,
  Table,
  TableEncryption,
} from 'aws-cdk-lib/aws-dynamodb';
import { Alias } from 'aws-cdk-lib/aws-kms';
import {
  EventSourceMapping,
  type EventSourceMappingOptions,
  FilterCriteria,
  StartingPosition,
} from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { Index } from '../../lambdas/shared/store/store.ts';
import { kebabCase, nameOf, pascalCase, type StageConfig } from '../config.ts';
import { tableKeyAlias } from '../keys.ts';
import { newOutboxRecords, STREAM_RECORDS_PER_BATCH } from '../limits.ts';
import type { Access, Denial } from './access.ts';
import type { ServiceFunction } from './service-function.ts';
import { suppress } from './suppress.ts';

/** An index with text as its sort key and a projection of keys only, unless it says otherwise. */
export interface IndexProps {
  /** The object that the context uses in its queries. */
  readonly index: Index;
  readonly sortKeyType?: 'string' | 'number';
  readonly projection?: 'all' | 'keys';
}

/** What the mapping of a stream does with records that fail. Without it, they are retried until they expire. */
export type StreamFailureOptions = Pick<
  EventSourceMappingOptions,
  'bisectBatchOnError' | 'maxRecordAge' | 'onFailure' | 'parallelizationFactor'
>;

/** What `Store` and `Scanner` do with rows, by the names of IAM. `deletes` allows the deletion of rows. */
type TableAction = 'GetItem' | 'BatchGetItem' | 'Query' | 'Scan' | 'PutItem' | 'UpdateItem';

export interface ContextTableProps {
  readonly config: StageConfig;
  readonly indexes?: readonly IndexProps[];
}

/**
 * The table of one context. It holds state, decision rows, receipts and outbox records, so that one transaction can
 * write all of them. The table of `Orders` is `oncebox-<stage>-orders`. `pk` is the aggregate. Rows with `expires_at`
 * expire by TTL.
 */
export abstract class ContextTable extends Construct {
  readonly name: string;
  /** The context that owns the table. */
  readonly owner: string;
  readonly table: Table;
  readonly #indexes: readonly IndexProps[];

  constructor(scope: Construct, id: string, { config, indexes = [] }: ContextTableProps) {
    super(scope, id);
    this.owner = kebabCase(id);
    this.#indexes = indexes;
    this.name = nameOf(config, this.owner);
    const { tableCeiling } = config;
    const ceiling = tableCeiling
      ? { maxReadRequestUnits: tableCeiling.readUnits, maxWriteRequestUnits: tableCeiling.writeUnits }
      : {};
    this.table = new Table(this, 'Table', {
      tableName: this.name,
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      sortKey: { name: 'sk', type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: config.retainData },
      deletionProtection: config.retainData,
      removalPolicy: config.retainData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
      timeToLiveAttribute: 'expires_at',
      stream: StreamViewType.NEW_IMAGE,
      ...ceiling,
      ...(config.customerKeys.tables
        ? {
            encryption: TableEncryption.CUSTOMER_MANAGED,
            encryptionKey: Alias.fromAliasName(this, 'Key', tableKeyAlias(config)),
          }
        : {}),
    });
    Tags.of(this).add('context', this.owner);
    if (!config.retainData) suppress(this.table, { 'AwsSolutions-DDB3': 'The stage does not retain its data.' });
    for (const { index, sortKeyType, projection } of indexes)
      this.table.addGlobalSecondaryIndex({
        indexName: index.name,
        partitionKey: { name: index.partitionKey, type: AttributeType.STRING },
        sortKey: { name: index.sortKey, type: sortKeyType === 'number' ? AttributeType.NUMBER : AttributeType.STRING },
        projectionType: projection === 'all' ? ProjectionType.ALL : ProjectionType.KEYS_ONLY,
        ...ceiling,
      });
  }

  /** The ARN, composed of the name, so that other stacks can use it without an export. */
  get arn(): string {
    return Stack.of(this).formatArn({ service: 'dynamodb', resource: 'table', resourceName: this.name });
  }

  /** Allows actions on the table. A transaction needs those of its items. `npm test` finds a missing or unused one. */
  allows(...actions: readonly TableAction[]): Access {
    return { actions: actions.map((action) => `dynamodb:${action}`), resources: [this.arn] };
  }

  /** Allows queries of one index. */
  queries(index: Index): Access {
    if (!this.#indexes.some((own) => own.index === index)) throw new Error(`${this.name} has no index ${index.name}`);
    return { actions: ['dynamodb:Query'], resources: [`${this.arn}/index/${index.name}`] };
  }

  get streamArn(): string {
    const { tableStreamArn } = this.table;
    if (!tableStreamArn) throw new Error(`${this.name} has no stream`);
    return tableStreamArn;
  }

  get streams(): Access {
    return {
      actions: ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator'],
      resources: [this.streamArn],
    };
  }

  /**
   * Sends the table's new outbox records to the relay. The relay parks what it cannot publish, so a batch fails only if
   * parking fails. Such a batch is retried until its records are about to expire.
   */
  publishTo(relay: ServiceFunction, onFailure: StreamFailureOptions = {}): void {
    const mapping = new EventSourceMapping(relay, pascalCase(this.owner), {
      target: relay.function,
      eventSourceArn: this.streamArn,
      // Starts at the oldest record, so that records from before the mapping's creation are published too.
      startingPosition: StartingPosition.TRIM_HORIZON,
      batchSize: STREAM_RECORDS_PER_BATCH,
      retryAttempts: -1,
      filters: [FilterCriteria.filter(newOutboxRecords)],
      ...onFailure,
    });
    if (!onFailure.onFailure)
      suppress(mapping, {
        'Serverless-LambdaEventSourceMappingDestination': 'Local engines have no failure destinations of streams.',
      });
  }
}

/** A table whose owner may delete rows that are not history. */
export class OutboxTable extends ContextTable {
  get deletes(): Access {
    return { actions: ['dynamodb:DeleteItem'], resources: [this.arn] };
  }
}

interface LedgerTableProps extends ContextTableProps {
  /** The attributes of rows that expire. A row with any other attribute belongs to the ledger. */
  readonly expiringAttributes: readonly string[];
}

/**
 * A table whose rows are never deleted and never expire, except for rows of the expiring attributes alone. It has no
 * `deletes`, and a role that writes is denied all deletions and every expiry of another row.
 */
export class LedgerTable extends ContextTable {
  readonly #expiringAttributes: readonly string[];

  constructor(scope: Construct, id: string, { expiringAttributes, ...props }: LedgerTableProps) {
    super(scope, id, props);
    this.#expiringAttributes = expiringAttributes;
  }

  override allows(...actions: readonly TableAction[]): Access {
    const access = super.allows(...actions);
    if (!actions.includes('PutItem') && !actions.includes('UpdateItem')) return access;
    return { ...access, denied: [this.#deletions, ...this.#expiries] };
  }

  get #deletions(): Denial {
    return {
      actions: ['dynamodb:DeleteItem', 'dynamodb:BatchWriteItem', 'dynamodb:PartiQLDelete', 'dynamodb:DeleteTable'],
      resources: [this.arn],
    };
  }

  /**
   * IAM knows the partition key of a write and the names of its attributes, but not its sort key. So a row that expires
   * is recognized by having no other attributes. An update names only what it changes, so none may set an expiry.
   */
  get #expiries(): Denial[] {
    const setsExpiry = { 'ForAnyValue:StringEquals': { 'dynamodb:Attributes': ['expires_at'] } };
    const hasOthers = { 'ForAnyValue:StringNotEquals': { 'dynamodb:Attributes': [...this.#expiringAttributes] } };
    return [
      { actions: ['dynamodb:PutItem'], resources: [this.arn], conditions: { ...setsExpiry, ...hasOthers } },
      { actions: ['dynamodb:UpdateItem'], resources: [this.arn], conditions: setsExpiry },
    ];
  }
}
