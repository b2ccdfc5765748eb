import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DisableRuleCommand, EnableRuleCommand, EventBridgeClient } from '@aws-sdk/client-eventbridge';
import {
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import {
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  ScanCommand,
  type ScanCommandOutput,
} from '@aws-sdk/lib-dynamodb';
import { type Chaos, noFaults } from '../../lambdas/shared/runtime/chaos-setting.ts';
import type { Row } from '../../lambdas/shared/store/store.ts';
import { clientOptions } from '../../localstack/settings.ts';

export interface DlqContent {
  readonly body: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** What a test does where no customer comes: queues, tables and faults of the engine under test. */
export class EngineAccess {
  readonly #sqs: SQSClient;
  readonly #tables: DynamoDBDocumentClient;
  readonly #ssm: SSMClient;
  readonly #events: EventBridgeClient;

  readonly #stage: string;

  constructor(endpoint: string, stage = 'test') {
    this.#stage = stage;
    this.#sqs = new SQSClient(clientOptions(endpoint));
    this.#tables = DynamoDBDocumentClient.from(new DynamoDBClient(clientOptions(endpoint)));
    this.#ssm = new SSMClient(clientOptions(endpoint));
    this.#events = new EventBridgeClient(clientOptions(endpoint));
  }

  async send(queue: string, body: string): Promise<void> {
    await this.#sqs.send(new SendMessageCommand({ QueueUrl: await this.#url(queue), MessageBody: body }));
  }

  /** All at once, so that one call of the consumer may well get them all. */
  async sendBatch(queue: string, bodies: readonly string[]): Promise<void> {
    const QueueUrl = await this.#url(queue);
    for (let at = 0; at < bodies.length; at += 10) {
      const Entries = bodies.slice(at, at + 10).map((MessageBody, index) => ({ Id: String(index), MessageBody }));
      await this.#sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
    }
  }

  /** How many messages a queue holds, those under way and those that wait for their next try included. */
  async messageCount(queue: string): Promise<number> {
    const { Attributes = {} } = await this.#sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: await this.#url(queue), AttributeNames: ['All'] }),
    );
    const names = ['', 'NotVisible', 'Delayed'].map((kind) => `ApproximateNumberOfMessages${kind}`);
    return names.reduce((sum, name) => sum + Number(Attributes[name as keyof typeof Attributes] ?? 0), 0);
  }

  /** A look at what a queue's DLQ holds; it stays there. */
  async deadLetters(queue: string): Promise<DlqContent[]> {
    const { Messages = [] } = await this.#sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: await this.#url(`${queue}-dlq`),
        MaxNumberOfMessages: 10,
        MessageAttributeNames: ['All'],
        VisibilityTimeout: 0,
      }),
    );
    return Messages.map(({ Body = '', MessageAttributes = {} }) => ({
      body: Body,
      attributes: Object.fromEntries(
        Object.entries(MessageAttributes).map(([name, { StringValue = '' }]) => [name, StringValue]),
      ),
    }));
  }

  async purge(queue: string): Promise<void> {
    await this.#sqs.send(new PurgeQueueCommand({ QueueUrl: await this.#url(queue) }));
  }

  /** An order's row as it stands in the table. */
  async order(id: string): Promise<Row | undefined> {
    const Key = { pk: `ORDER#${id}`, sk: 'STATE' };
    const { Item } = await this.#tables.send(new GetCommand({ TableName: `oncebox-${this.#stage}-orders`, Key }));
    return Item as Row | undefined;
  }

  /** Every row of a table. */
  async rows(table: 'orders' | 'payments' | 'balances'): Promise<Row[]> {
    const rows: Row[] = [];
    let start: Record<string, unknown> | undefined;
    do {
      const page: ScanCommandOutput = await this.#tables.send(
        new ScanCommand({
          TableName: `oncebox-${this.#stage}-${table}`,
          ...(start ? { ExclusiveStartKey: start } : {}),
        }),
      );
      rows.push(...((page.Items ?? []) as Row[]));
      start = page.LastEvaluatedKey;
    } while (start);
    return rows;
  }

  /** Whether the clock plans ticks: other tests look at tables that stand still. */
  async setTicksEnabled(on: boolean): Promise<void> {
    const Name = `oncebox-${this.#stage}-payments-plan-ticks`;
    await this.#events.send(on ? new EnableRuleCommand({ Name }) : new DisableRuleCommand({ Name }));
  }

  /** A row as nobody has decided it. */
  async overwriteRow(table: 'balances', row: Row): Promise<void> {
    await this.#tables.send(new PutCommand({ TableName: `oncebox-${this.#stage}-${table}`, Item: row }));
  }

  /** From each function's next call on. */
  async setChaos(chaos: Partial<Chaos>): Promise<void> {
    await this.#ssm.send(
      new PutParameterCommand({
        Name: `/oncebox/${this.#stage}/chaos`,
        Value: JSON.stringify({ ...noFaults, ...chaos }),
        Type: 'String',
        Overwrite: true,
      }),
    );
  }

  async #url(queue: string): Promise<string> {
    const { QueueUrl } = await this.#sqs.send(new GetQueueUrlCommand({ QueueName: `oncebox-${this.#stage}-${queue}` }));
    if (!QueueUrl) throw new Error(`there is no queue ${queue}`);
    return QueueUrl;
  }
}
