import type { Store } from '../../lambdas/shared/store/store.ts';
import type { ReadKeys } from '../../lambdas/webhooks/deps.ts';
import { type ConsumerPorts, deliverBatch } from '../../lambdas/webhooks/on-webhook-deliveries.ts';
import type { Delivery, OrderEvent } from '../../lambdas/webhooks/order-event.ts';
import type { PostRequest, PostResult } from '../../lambdas/webhooks/post.ts';
import { SlowTime } from '../../lambdas/webhooks/slow-time.ts';
import { webhookStore } from '../../lambdas/webhooks/webhook-store.ts';
import { createSteppingClock, noChaos, RecordingQueue, sqsRecord } from './fixtures.ts';
import { createMemoryStore } from './memory-store.ts';

export const webhookId = (name: string): string => name.padEnd(26, 'a');

export const orderEvent = (orderId: string, changes: Partial<OrderEvent> = {}): OrderEvent => ({
  id: `order.paid:${orderId}`,
  type: 'order.paid',
  version: 1,
  occurred_at: '2026-01-01T12:00:00.000Z',
  sequence: 2,
  data: { order_id: orderId, amount: 10 },
  ...changes,
});

/** The consumer of deliveries with a table, a queue and a receiver in memory. */
export class DeliveryFixture {
  readonly clock = createSteppingClock();
  readonly table = createMemoryStore({ now: this.clock.now });
  /** The table as the consumer reaches it. */
  store: Store = this.table;
  readonly queue = new RecordingQueue();
  readonly webhooks = webhookStore({ store: this.table, clock: this.clock, deadlineMs: Number.POSITIVE_INFINITY });
  readonly requests: PostRequest[] = [];
  readonly #slowTime = new SlowTime(this.clock);
  /** Returns the valid keys of the stage, the current one first. */
  readKeys: ReadKeys = async () => ['key-1'];
  chaos = noChaos;
  /** What the receiver answers. */
  respond: (request: PostRequest) => Promise<PostResult> = async () => ({ status: 200 });

  async createWebhook(name: string, events: readonly string[] = ['order.paid']): Promise<string> {
    const id = webhookId(name);
    await this.webhooks.create({ url: `https://${name}.example/`, events }, { id, body_hash: name, hasKey: true });
    return id;
  }

  /** Delivers one batch, and returns the ids of the messages that SQS delivers again. */
  async deliver(...deliveries: readonly (Delivery | string)[]): Promise<string[]> {
    const sentAt = this.clock.now() - 1000;
    const records = deliveries.map((delivery, index) => sqsRecord(`m${index}`, delivery, { sentAt }));
    const { batchItemFailures } = await deliverBatch({ Records: records }, this.#ports, 20_000);
    return batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
  }

  /** Delivers the messages that were requeued, as soon as their delays are over, and returns how many there were. */
  async deliverRequeued(): Promise<number> {
    const messages = this.queue.requeued.splice(0);
    this.clock.pass(1000 * Math.max(0, ...messages.map(({ delaySeconds }) => delaySeconds)));
    const sentAt = this.clock.now() - 1000;
    const records = messages.map(({ body, history }, index) => sqsRecord(`r${index}`, body, { sentAt, history }));
    await deliverBatch({ Records: records }, this.#ports, 20_000);
    return messages.length;
  }

  get #ports(): ConsumerPorts {
    return {
      store: this.store,
      clock: this.clock,
      slowTime: this.#slowTime,
      queue: this.queue,
      chaos: () => this.chaos(),
      readKeys: () => this.readKeys(),
      post: (request) => {
        this.requests.push(request);
        return this.respond(request);
      },
    };
  }
}
