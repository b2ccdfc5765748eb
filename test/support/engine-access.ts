import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DisableRuleCommand, EnableRuleCommand, EventBridgeClient } from '@aws-sdk/client-eventbridge';
import {
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  type SQSClient,
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
import { createSqsClient } from '../../lambdas/shared/runtime/sqs-client.ts';
import type { Row } from '../../lambdas/shared/store/store.ts';
import { clientOptions } from '../../localstack/settings.ts';

/** A dead letter as the queue holds it. */
export interface DlqContent {
  readonly body: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** Gives tests direct access to the queues, tables, schedules and faults of the engine under test. */
export class EngineAccess {
  readonly #sqs: SQSClient;
  readonly #tables: DynamoDBDocumentClient;
  readonly #ssm: SSMClient;
  readonly #events: EventBridgeClient;
  readonly #stage: string;

  constructor(endpoint: string, stage = 'test') {
    this.#stage = stage;
    this.#sqs = createSqsClient(clientOptions(endpoint));
    this.#tables = DynamoDBDocumentClient.from(new DynamoDBClient(clientOptions(endpoint)));
    this.#ssm = new SSMClient(clientOptions(endpoint));
    this.#events = new EventBridgeClient(clientOptions(endpoint));
  }

  async send(queue: string, body: string): Promise<void> {
    await this.#sqs.send(new SendMessageCommand({ QueueUrl: await this.#url(queue), MessageBody: body }));
  }

  /** Sends messages in batches of ten, so that one call of the consumer may receive all of them. */
  async sendBatch(queue: string, bodies: readonly string[]): Promise<void> {
    const QueueUrl = await this.#url(queue);
    for (let start = 0; start < bodies.length; start += 10) {
      const Entries = bodies.slice(start, start + 10).map((MessageBody, index) => ({ Id: String(index), MessageBody }));
      await this.#sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
    }
  }

  /** Counts the messages of a queue, including those in flight and those that wait for their next attempt. */
  async messageCount(queue: string): Promise<number> {
    const { Attributes = {} } = await this.#sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: await this.#url(queue), AttributeNames: ['All'] }),
    );
    const names = ['', 'NotVisible', 'Delayed'].map((kind) => `ApproximateNumberOfMessages${kind}`);
    return names.reduce((sum, name) => sum + Number(Attributes[name as keyof typeof Attributes] ?? 0), 0);
  }

  /** Reads up to ten messages of a queue's DLQ without removing them. */
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

  /** Reads an order's row. */
  async order(id: string): Promise<Row | undefined> {
    const Key = { pk: `ORDER#${id}`, sk: 'STATE' };
    const { Item } = await this.#tables.send(new GetCommand({ TableName: `oncebox-${this.#stage}-orders`, Key }));
    return Item as Row | undefined;
  }

  /** Reads every row of a table. */
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

  /** Switches the schedule of ticks on or off. It is off for tests that compare tables. */
  async setTicksEnabled(isEnabled: boolean): Promise<void> {
    const Name = `oncebox-${this.#stage}-payments-plan-ticks`;
    await this.#events.send(isEnabled ? new EnableRuleCommand({ Name }) : new DisableRuleCommand({ Name }));
  }

  /** Writes a row past all rules, to create a state that the app itself never creates. */
  async overwriteRow(table: 'balances', row: Row): Promise<void> {
    await this.#tables.send(new PutCommand({ TableName: `oncebox-${this.#stage}-${table}`, Item: row }));
  }

  /** Sets the faults. They apply from each function's next call. */
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
    if (!QueueUrl) throw new Error(`There is no queue ${queue}.`);
    return QueueUrl;
  }
}
