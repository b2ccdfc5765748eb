import { noFaults } from '../../lambdas/shared/runtime/chaos-setting.ts';
import type { UnitOfWork } from '../../lambdas/shared/store/commit.ts';
import { fanOut } from '../../lambdas/webhooks/fan-out.ts';
import { deliverBatch } from '../../lambdas/webhooks/on-webhook-deliveries.ts';
import { orderEventTypes, type SourceEvent } from '../../lambdas/webhooks/order-event.ts';
import type { Post, PostResult } from '../../lambdas/webhooks/post.ts';
import { webhookSecret } from '../../lambdas/webhooks/signature.ts';
import { SlowTime } from '../../lambdas/webhooks/slow-time.ts';
import type { Health } from '../../lambdas/webhooks/webhook.ts';
import { type WebhookStore, webhookStore } from '../../lambdas/webhooks/webhook-store.ts';
import type { Faults } from './faults.ts';
import { invoke } from './invocation.ts';
import { MemoryQueue } from './memory-queue.ts';
import { createMemoryStore } from './memory-store.ts';
import { queueSettingsOf } from './queue-settings.ts';
import { type VirtualClock, virtualClock } from './virtual-clock.ts';
import { webhookId } from './webhook-fixture.ts';
import { WebhookReceiver } from './webhook-receiver.ts';

const QUEUE = 'webhook-deliveries';
const RESPONSE_TIMEOUT_MS = 5000;

/** What a receiver does with a request. It may also accept the event slowly, or hang after it has accepted it. */
type Answer = number | 'accepts' | 'accepts_slowly' | 'hangs' | 'accepts_and_hangs';
/** Just in time for the sender. */
const SLOW_RESPONSE_MS = 4800;
export type Behaviour = (random: number, nowMs: number) => Answer;

/** The consumer of deliveries with its queue, its table, its clock and all receivers in memory. */
export class WebhookSimulation {
  readonly clock: VirtualClock;
  readonly queue: MemoryQueue;
  readonly receivers = new Map<string, WebhookReceiver>();
  /** The number of requests that each webhook got. */
  readonly requests = new Map<string, number>();
  /** The time at which each event was first accepted, by `<webhook> <event id>`. */
  readonly acceptedMs = new Map<string, number>();
  keys: [string, string?] = ['key-1'];
  readonly #work: UnitOfWork;
  readonly #webhooks: WebhookStore;
  readonly #behaviours = new Map<string, Behaviour>();

  constructor(seed: number, faults: Faults = {}) {
    this.clock = virtualClock(seed);
    const { clock } = this;
    this.#work = { store: createMemoryStore({ now: clock.now }), clock, deadlineMs: Number.POSITIVE_INFINITY };
    this.#webhooks = webhookStore(this.#work);
    const { timeoutMs, ...settings } = queueSettingsOf(QUEUE);
    const ports = {
      ...this.#work,
      chaos: async () => ({ ...noFaults, ...faults.chaos }),
      readKeys: async () => this.keys,
      post: this.#post,
    };
    /** What the environments remember that run no batch now. The next batch gets the one that was used last. */
    const idle: SlowTime[] = [];
    const queue: MemoryQueue = new MemoryQueue(clock, {
      ...settings,
      faults: () => faults,
      consumer: async (event) => {
        const slowTime = idle.pop() ?? new SlowTime(clock);
        const run = () => deliverBatch(event, { ...ports, queue, slowTime }, timeoutMs);
        return invoke({ clock, timeoutMs }, run).finally(() => void idle.push(slowTime));
      },
    });
    this.queue = queue;
  }

  async addWebhook(name: string, behaviour: Behaviour): Promise<string> {
    const id = webhookId(name);
    const input = { url: `https://${name}.example/`, events: [...orderEventTypes] };
    await this.#webhooks.create(input, { id, body_hash: name, hasKey: true });
    this.#behaviours.set(id, behaviour);
    this.receivers.set(id, new WebhookReceiver(webhookSecret(this.keys[0], id)));
    return id;
  }

  /** Sends an event to all webhooks, as the consumer of the bus does. */
  publish = (event: SourceEvent): Promise<void> =>
    fanOut(event, {
      listAll: () => this.#webhooks.listAll(),
      disableIfUnused: () => Promise.reject(new Error('a webhook was added before')),
      keepEnabled: async () => {},
      send: async (messages) => {
        for (const { body } of messages) this.queue.send(body);
      },
    });

  settle = (): Promise<void> => this.clock.runUntil(() => this.queue.isIdle);

  async healthOf(id: string): Promise<Health> {
    return (await this.#webhooks.get(id)).health;
  }

  readonly #post: Post = async ({ headers, body }): Promise<PostResult> => {
    const { clock } = this;
    const id = String(headers['oncebox-webhook-id']);
    this.requests.set(id, (this.requests.get(id) ?? 0) + 1);
    await clock.sleep(20 + clock.random() * 100);
    const answer = this.#behaviours.get(id)?.(clock.random(), clock.now()) ?? 404;
    if (typeof answer === 'number') return { status: answer };
    if (answer === 'accepts_slowly') await clock.sleep(SLOW_RESPONSE_MS);
    const status = answer === 'hangs' ? 0 : this.#receive(id, headers, body);
    if (answer.startsWith('accepts') && answer !== 'accepts_and_hangs') return { status };
    await clock.sleep(RESPONSE_TIMEOUT_MS);
    return { error: `no response within ${RESPONSE_TIMEOUT_MS} ms` };
  };

  #receive(id: string, headers: Readonly<Record<string, string>>, body: string): number {
    const nowMs = this.clock.now();
    const status = this.receivers.get(id)?.receive({ headers, body, receivedMs: nowMs }) ?? 404;
    const key = `${id} ${headers['oncebox-event-id']}`;
    if (status === 200 && !this.acceptedMs.has(key)) this.acceptedMs.set(key, nowMs);
    return status;
  }
}
