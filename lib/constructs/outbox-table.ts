import { RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, BillingMode, ProjectionType, StreamViewType, Table } from 'aws-cdk-lib/aws-dynamodb';
import { EventSourceMapping, FilterCriteria, FilterRule, StartingPosition } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { Index } from '../../lambdas/shared/store/store.ts';
import { nameOf, pascalCase, type StageConfig } from '../config.ts';
import { type Access, arnOf } from './access.ts';
import type { ServiceFunction } from './service-function.ts';
import { suppress } from './suppress.ts';

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
export abstract class ContextTable extends Construct {
  readonly name: string;
  readonly owner: string;
  readonly table: Table;
  readonly #indexes: readonly IndexProps[];

  constructor(scope: Construct, id: string, { owner, config, indexes = [] }: OutboxTableProps) {
    super(scope, id);
    this.owner = owner;
    this.#indexes = indexes;
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
    if (!config.keepsData) suppress(this.table, { 'AwsSolutions-DDB3': 'a stage that keeps nothing needs no backups' });
    for (const { index, sorts, project } of indexes)
      this.table.addGlobalSecondaryIndex({
        indexName: index.name,
        partitionKey: { name: index.partitionKey, type: AttributeType.STRING },
        sortKey: { name: index.sortKey, type: sorts === 'strings' ? AttributeType.STRING : AttributeType.NUMBER },
        projectionType: project === 'all' ? ProjectionType.ALL : ProjectionType.KEYS_ONLY,
      });
  }

  protected get arn(): string {
    return arnOf(this, 'dynamodb', 'table', this.name);
  }

  get reads(): Access {
    return {
      actions: ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query'],
      resources: [this.arn, ...this.#indexes.map(({ index }) => `${this.arn}/index/${index.name}`)],
    };
  }

  /** What `commit` does: reads, and writes under conditions. Nothing is ever deleted by it. */
  get commits(): Access {
    const { actions, resources } = this.reads;
    return {
      actions: [...actions, 'dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:ConditionCheckItem'],
      resources,
    };
  }

  /** To state events through a port of the owner's: an outbox record is put, and read where it is there already. */
  get publishes(): Access {
    return { actions: ['dynamodb:GetItem', 'dynamodb:PutItem'], resources: [this.arn] };
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
  publishTo(relay: ServiceFunction): void {
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
    suppress(mapping, {
      'Serverless-LambdaEventSourceMappingDestination':
        'the relay parks what it cannot send, and the mapping never gives up',
    });
  }
}

/** The table of a context that may erase what is nobody's history. */
export class OutboxTable extends ContextTable {
  get deletes(): Access {
    return { actions: ['dynamodb:DeleteItem'], resources: [this.arn] };
  }
}

/** A table whose entries stay: it offers no way to erase, and whoever writes it is denied every one there is. */
export class LedgerTable extends ContextTable {
  override get commits(): Access {
    const never = {
      actions: ['dynamodb:DeleteItem', 'dynamodb:BatchWriteItem', 'dynamodb:PartiQLDelete', 'dynamodb:DeleteTable'],
      resources: [this.arn],
    };
    return { ...super.commits, never };
  }
}
