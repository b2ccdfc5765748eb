import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import type {
  FailureDetails,
  MessageHistory,
  QueuePort,
  RequeuedMessage,
} from '../../lambdas/shared/messaging/queue.ts';
import type { Faults } from './faults.ts';
import type { VirtualClock } from './virtual-clock.ts';

interface Message {
  readonly id: string;
  readonly body: string;
  readonly history?: MessageHistory | undefined;
  readonly sentAt: number;
  visibleAt: number;
  receiveCount: number;
  firstReceivedAt: number;
}

export interface DeadLetteredMessage {
  readonly body: string;
  readonly details?: FailureDetails;
}

type Consumer = (event: SQSEvent) => Promise<SQSBatchResponse>;

/** The settings of a queue and of the mapping that invokes its consumer. */
export interface QueueSettings {
  readonly visibilityMs: number;
  readonly maxReceives: number;
  readonly batchSize: number;
  /** The batches that are processed at the same time after a minute of backlog. Before, there are five at most. */
  readonly maxConcurrency: number;
}

interface Options extends QueueSettings {
  readonly consumer: Consumer;
  readonly faults: () => Pick<Faults, 'lostAckRate' | 'duplicateRate'>;
}

/** A mapping starts with five batches at the same time, and adds more each minute while messages wait. */
const FIRST_CONCURRENCY = 5;
const SCALE_UP_MS = 60_000;
const MAX_DUPLICATE_DELAY_MS = 1000;
/** The maximum size of an SQS message. */
const MAX_BODY_BYTES = 256 * 1024;

/** An SQS queue in memory: at-least-once delivery in any order, a visibility timeout, a receive count and a DLQ. */
export class MemoryQueue implements QueuePort {
  readonly dlq: DeadLetteredMessage[] = [];
  readonly crashes: unknown[] = [];
  readonly receives: { body: string; timeMs: number }[] = [];
  #messages: Message[] = [];
  #running = 0;
  /** Since when every poll has found messages, so that no more batches could be processed at the same time. */
  #backlogSinceMs: number | undefined;
  #sentCount = 0;
  #stopped = false;
  readonly #clock: VirtualClock;
  readonly #options: Options;

  constructor(clock: VirtualClock, options: Options) {
    this.#clock = clock;
    this.#options = options;
  }

  get isIdle(): boolean {
    return this.#messages.length === 0 && this.#running === 0;
  }

  send(body: string, delayMs = 0): void {
    this.#add(body, delayMs);
    const { duplicateRate = 0 } = this.#options.faults();
    if (duplicateRate > 0 && this.#clock.random() < duplicateRate)
      this.#add(body, delayMs + this.#clock.random() * MAX_DUPLICATE_DELAY_MS);
  }

  #add(body: string, delayMs: number, history?: MessageHistory): void {
    const bytes = Buffer.byteLength(body);
    if (bytes > MAX_BODY_BYTES) throw new Error(`a message of ${bytes} bytes; the maximum is ${MAX_BODY_BYTES}`);
    const now = this.#clock.now();
    this.#messages.push({
      id: `m${this.#sentCount++}`,
      body,
      history,
      sentAt: now,
      visibleAt: now + delayMs,
      receiveCount: 0,
      firstReceivedAt: 0,
    });
    this.#clock.at(now + delayMs, () => this.#poll());
  }

  stop(): void {
    this.#stopped = true;
  }

  start(): void {
    this.#stopped = false;
    this.#poll();
  }

  async requeue({ body, delaySeconds, history }: RequeuedMessage): Promise<void> {
    // Not duplicated: while a message waits for its prerequisite, each of its duplicates would be requeued too.
    this.#add(body, delaySeconds * 1000, history);
  }

  withDeadline(): this {
    return this;
  }

  async deadLetter(body: string, details: FailureDetails): Promise<void> {
    this.dlq.push({ body, details });
  }

  async changeVisibility(changes: readonly { id: string; seconds: number }[]): Promise<string[]> {
    for (const { id, seconds } of changes) this.#hide(id, seconds * 1000);
    return [];
  }

  #hide(id: string, ms: number): void {
    const message = this.#messages.find((candidate) => candidate.id === id);
    if (!message) return;
    message.visibleAt = this.#clock.now() + ms;
    this.#clock.at(message.visibleAt, () => this.#poll());
  }

  #poll(): void {
    const { batchSize, maxReceives, visibilityMs } = this.#options;
    const now = this.#clock.now();
    if (this.#stopped) return;
    if (this.#running >= this.#concurrencyAt(now)) {
      this.#backlogSinceMs ??= now;
      return;
    }
    const batch: Message[] = [];
    for (const message of this.#messages.filter(({ visibleAt }) => visibleAt <= now)) {
      if (batch.length === batchSize) break;
      if (message.receiveCount >= maxReceives) {
        this.dlq.push({ body: message.body });
        this.#messages = this.#messages.filter((other) => other !== message);
        continue;
      }
      message.receiveCount += 1;
      message.firstReceivedAt ||= now;
      message.visibleAt = now + visibilityMs;
      this.#clock.at(message.visibleAt, () => this.#poll());
      this.receives.push({ body: message.body, timeMs: now });
      batch.push(message);
    }
    if (batch.length === 0) {
      this.#backlogSinceMs = undefined;
      return;
    }
    this.#running += 1;
    void this.#deliver(batch);
    this.#poll();
  }

  #concurrencyAt(nowMs: number): number {
    const { maxConcurrency } = this.#options;
    const hasScaledUp = nowMs - (this.#backlogSinceMs ?? nowMs) >= SCALE_UP_MS;
    return hasScaledUp ? maxConcurrency : Math.min(FIRST_CONCURRENCY, maxConcurrency);
  }

  async #deliver(batch: readonly Message[]): Promise<void> {
    const { consumer, faults } = this.#options;
    try {
      const { batchItemFailures } = await consumer({ Records: batch.map(recordOf) });
      const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
      const { lostAckRate = 0 } = faults();
      const acked = new Set(batch.filter(({ id }) => !failed.has(id) && this.#clock.random() >= lostAckRate));
      this.#messages = this.#messages.filter((message) => !acked.has(message));
      // A lost acknowledgement leads to a second delivery soon after.
      for (const message of batch) if (!failed.has(message.id) && !acked.has(message)) this.#hide(message.id, 1000);
    } catch (error) {
      // The function failed. Nothing is acknowledged, and all messages are delivered again after the visibility
      // timeout.
      this.crashes.push(error);
    } finally {
      this.#running -= 1;
      this.#poll();
    }
  }
}

const recordOf = ({ id, body, history, sentAt, receiveCount, firstReceivedAt }: Message): SQSRecord => ({
  messageId: id,
  receiptHandle: `${id}-${receiveCount}`,
  body,
  attributes: {
    ApproximateReceiveCount: String(receiveCount),
    SentTimestamp: String(sentAt),
    SenderId: 'memory',
    ApproximateFirstReceiveTimestamp: String(firstReceivedAt),
  },
  messageAttributes: Object.fromEntries(
    Object.entries(history ?? {}).map(([name, value]) => [name, { dataType: 'String', stringValue: String(value) }]),
  ),
  md5OfBody: '',
  eventSource: 'aws:sqs',
  eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:memory',
  awsRegion: 'us-east-1',
});
