import { RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, BillingMode, ProjectionType, StreamViewType, Table } from 'aws-cdk-lib/aws-dynamodb';
import { EventSourceMapping, FilterCriteria, FilterRule, StartingPosition } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { Index } from '../../lambdas/shared/store.ts';
import { nameOf, pascalCase, type StageConfig } from '../config.ts';
import { type Access, arnOf } from './access.ts';
import { explain } from './acknowledge.ts';
import type { ServiceFunction } from './service-function.ts';

export interface IndexProps {
  /** The very object that the context queries by. */
  readonly index: Index;
  readonly sorts: 'strings' | 'numbers';
  readonly project: 'all' | 'keys';
}

export interface OutboxTableProps {
  /** The context that owns it and alone writes it: the table is `oncebox-<stage>-<context>`. */
  readonly owner: string;
  readonly config: StageConfig;
  readonly indexes?: readonly IndexProps[];
}

/**
 * One context's table: state, decisions, receipts and outbox records, so that one transaction can write all of them.
 * `pk` is the aggregate; rows that carry `expires_at` go away by themselves.
 */
export class OutboxTable extends Construct {
  readonly name: string;
  readonly owner: string;
  /** What `commit` does: reads, and writes under conditions. Nothing is ever deleted by it. */
  readonly commits: Access;
  readonly reads: Access;
  /** For rows that are nobody's history. Granted to no one on payments. */
  readonly erases: Access;
  readonly table: Table;

  constructor(scope: Construct, id: string, { owner, config, indexes = [] }: OutboxTableProps) {
    super(scope, id);
    this.owner = owner;
    this.name = nameOf(config, owner);
    this.table = new Table(this, 'Table', {
      tableName: this.name,
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      sortKey: { name: 'sk', type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: config.keepsData },
      deletionProtection: config.keepsData,
      removalPolicy: config.keepsData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
      timeToLiveAttribute: 'expires_at',
      stream: StreamViewType.NEW_IMAGE,
    });
    if (!config.keepsData) explain(this.table, { 'AwsSolutions-DDB3': 'a stage that keeps nothing needs no backups' });
    for (const { index, sorts, project } of indexes)
      this.table.addGlobalSecondaryIndex({
        indexName: index.name,
        partitionKey: { name: index.hash, type: AttributeType.STRING },
        sortKey: { name: index.sort, type: sorts === 'strings' ? AttributeType.STRING : AttributeType.NUMBER },
        projectionType: project === 'all' ? ProjectionType.ALL : ProjectionType.KEYS_ONLY,
      });

    const arn = arnOf(this, 'dynamodb', 'table', this.name);
    const resources = [arn, ...indexes.map(({ index }) => `${arn}/index/${index.name}`)];
    const reading = ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query'];
    this.reads = { actions: reading, resources };
    this.commits = {
      actions: [...reading, 'dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:ConditionCheckItem'],
      resources,
    };
    this.erases = { actions: ['dynamodb:DeleteItem'], resources: [arn] };
  }

  get streamArn(): string {
    const { tableStreamArn } = this.table;
    if (!tableStreamArn) throw new Error(`${this.name} has no stream`);
    return tableStreamArn;
  }

  /** To follow the table's stream. */
  get streams(): Access {
    return {
      actions: ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator'],
      resources: [this.streamArn],
    };
  }

  /**
   * Feeds the table's new outbox records to the relay. A record that cannot be sent is parked by the relay, so that a
   * batch fails only when parking does, and then is repeated until it does not: nothing may be skipped.
   */
  publishThrough(relay: ServiceFunction): void {
    const mapping = new EventSourceMapping(relay, pascalCase(this.owner), {
      target: relay.function,
      eventSourceArn: this.streamArn,
      // from the first record on: what was written before the mapping was there is published too
      startingPosition: StartingPosition.TRIM_HORIZON,
      batchSize: 100,
      retryAttempts: -1,
      filters: [
        FilterCriteria.filter({
          eventName: FilterRule.isEqual('INSERT'),
          dynamodb: { Keys: { sk: { S: FilterRule.beginsWith('OUTBOX#') } } },
        }),
      ],
    });
    explain(mapping, {
      'Serverless-LambdaEventSourceMappingDestination':
        'the relay parks what it cannot send, and the mapping never gives up',
    });
  }
}
