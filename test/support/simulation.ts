import type { APIGatewayProxyEvent } from 'aws-lambda';
import { type Envelope, Envelope as EnvelopeSchema } from '../../events/envelope.ts';
import type { Item as OrderItem } from '../../events/items.ts';
import { handler as balancesApi } from '../../lambdas/balances/api.ts';
import { balanceStore } from '../../lambdas/balances/balance-store.ts';
import { createCaches, createLedgerReader } from '../../lambdas/balances/deps.ts';
import { handler as onBalanceUpdates } from '../../lambdas/balances/on-balance-updates.ts';
import { type BucketComparison, syncNext } from '../../lambdas/balances/sync.ts';
import { handler as catalogApi } from '../../lambdas/catalog/api.ts';
import { handler as onCatalogInvalidation } from '../../lambdas/catalog/on-catalog-invalidation.ts';
import { productStore } from '../../lambdas/catalog/product-store.ts';
import { quote } from '../../lambdas/catalog/quote.ts';
import { handler as documentsApi } from '../../lambdas/documents/api.ts';
import { cacheStore } from '../../lambdas/documents/cache-store.ts';
import { DocumentMemory } from '../../lambdas/documents/document-memory.ts';
import { findDocument } from '../../lambdas/documents/find-document.ts';
import { handler as onOrderDocuments } from '../../lambdas/documents/on-order-documents.ts';
import { handler as onOrderFound } from '../../lambdas/documents/on-order-found.ts';
import { handler as onOrderLookup } from '../../lambdas/documents/on-order-lookup.ts';
import { recordStore } from '../../lambdas/documents/record-store.ts';
import { type Submission, submit } from '../../lambdas/documents/submit-document.ts';
import { handler as ordersApi } from '../../lambdas/orders/api.ts';
import { handler as onPaymentStatus } from '../../lambdas/orders/on-payment-status.ts';
import { handler as onTicketStatus } from '../../lambdas/orders/on-ticket-status.ts';
import { readOrderHistory } from '../../lambdas/orders/order-history.ts';
import { orderStore } from '../../lambdas/orders/order-store.ts';
import { handler as paymentsApi } from '../../lambdas/payments/api.ts';
import { handler as onBalanceTicks } from '../../lambdas/payments/on-balance-ticks.ts';
import { handler as onOrderPayments } from '../../lambdas/payments/on-order-payments.ts';
import { handler as onOrderRefundsPayments } from '../../lambdas/payments/on-order-refunds-payments.ts';
import { paymentStore } from '../../lambdas/payments/payment-store.ts';
import { planMinute } from '../../lambdas/payments/update-programme/plan-minute.ts';
import { type ProgrammeStore, programmeStore } from '../../lambdas/payments/update-programme/programme-store.ts';
import { chunksNeeded, usersOfGroup } from '../../lambdas/payments/update-programme/seeding.ts';
import type { TickSchedule } from '../../lambdas/payments/update-programme/tick.ts';
import { retryParkedEvents } from '../../lambdas/relay/on-outbox-retry.ts';
import { type Bus, relay } from '../../lambdas/relay/relay.ts';
import type { Consumer } from '../../lambdas/shared/messaging/consume.ts';
import type { Deadline } from '../../lambdas/shared/messaging/receipt.ts';
import { parseOutboxRecord } from '../../lambdas/shared/outbox/outbox-record.ts';
import { type Chaos, noFaults } from '../../lambdas/shared/runtime/chaos-setting.ts';
import { type Row, type Store, withConflicts } from '../../lambdas/shared/store/store.ts';
import { handler as onOrderRefundsTickets } from '../../lambdas/tickets/on-order-refunds-tickets.ts';
import { handler as onProductChanges } from '../../lambdas/tickets/on-product-changes.ts';
import { handler as onTicketIssuing } from '../../lambdas/tickets/on-ticket-issuing.ts';
import { ticketStore } from '../../lambdas/tickets/ticket-store.ts';
import { MemoryQueue } from './memory-queue.ts';
import { createMemoryStore, type MemoryStore } from './memory-store.ts';
import { type VirtualClock, virtualClock } from './virtual-clock.ts';

export interface Faults {
  chaos?: Partial<Chaos>;
  /** Decides of each PutEvents whether it fails whole. */
  busFails?: (call: number, now: number) => boolean;
  /** Decides of each event whether it is lost for good, on whichever way there is. */
  loses?: (event: Envelope) => boolean;
  lostAcks?: number;
  indexLagMs?: number;
}

/** As a laptop has it. */
const PROGRAMME: TickSchedule = { intervalS: 10, chunksPerTick: 1 };

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  // a reply may be of any shape; tests say what they expect of it
  readonly body: Record<string, unknown> & Record<number, Record<string, unknown>>;
  /** The body as it was said. */
  readonly text: string;
}

interface Request {
  readonly path?: Record<string, string>;
  readonly query?: Record<string, string>;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

const TIMEOUT_MS = 30_000;
const STREAM_BATCH = 100;
const STUCK_AFTER_MINUTES = 1;
const DOCUMENTS_CACHED_FOR_MS = 360_000;
/** Environments of the function that shows documents: each has a memory of its own, and they are called in turn. */
const ENVIRONMENTS = 4;
const MINUTE_MS = 60_000;
const BALANCES_CACHED_FOR_MS = 1000;
const SYNC_PATIENCE_MS = 120_000;

/** The whole of Oncebox in memory: the real handlers, with a seeded clock and seeded faults around them. */
export class Simulation {
  readonly clock: VirtualClock;
  readonly faults: Faults;
  readonly orders: MemoryStore;
  readonly payments: MemoryStore;
  readonly tickets: MemoryStore;
  readonly catalog: MemoryStore;
  readonly balances: MemoryStore;
  readonly documents: MemoryStore;
  readonly queues: {
    readonly 'order-payments': MemoryQueue;
    readonly 'payment-status': MemoryQueue;
    readonly 'order-refunds-payments': MemoryQueue;
    readonly 'ticket-status': MemoryQueue;
    readonly 'ticket-issuing': MemoryQueue;
    readonly 'order-refunds-tickets': MemoryQueue;
    readonly 'product-changes': MemoryQueue;
    readonly 'catalog-invalidation': MemoryQueue;
    readonly 'order-documents': MemoryQueue;
    readonly 'order-lookup': MemoryQueue;
    readonly 'order-found': MemoryQueue;
    readonly 'balance-ticks': MemoryQueue;
    readonly balance_updates: MemoryQueue;
    readonly 'outbox-retry': MemoryQueue;
  };
  readonly published: Envelope[] = [];
  readonly #streams = new Map<string, { waiting: Row[]; running: boolean }>();
  readonly #subscriptions: { queue: MemoryQueue; types: ReadonlySet<string> }[] = [];
  #putEvents = 0;

  constructor(seed = 1, faults: Faults = {}) {
    this.clock = virtualClock(seed);
    this.faults = faults;
    this.orders = this.#table('orders');
    this.payments = this.#table('payments');
    this.tickets = this.#table('tickets');
    this.catalog = this.#table('catalog');
    this.balances = this.#table('balances');
    this.documents = this.#table('documents');
    const { clock } = this;
    const paymentDeps = ({ deadlineMs }: Deadline) => ({
      payments: paymentStore({ store: this.#contended(this.payments), clock, deadlineMs }),
    });
    const programmeDeps = ({ deadlineMs }: Deadline) => ({
      programme: programmeStore({ store: this.#contended(this.payments), clock, deadlineMs }),
    });
    this.#programme = () => programmeDeps({ deadlineMs: clock.now() + TIMEOUT_MS }).programme;
    const orderDeps = ({ deadlineMs }: Deadline) => ({
      orders: orderStore({ store: this.#contended(this.orders), clock, deadlineMs }),
    });
    const orderDoors = (call: Deadline) => ({
      ...orderDeps(call),
      priceOf: async (items: readonly OrderItem[]) => (await quote(this.#contended(this.catalog), items)).total,
      historyOf: (id: string) => readOrderHistory([this.orders, this.payments, this.tickets], id),
      submit: (submission: Submission) =>
        submit({ store: this.#contended(this.documents), clock, deadlineMs: call.deadlineMs }, submission),
    });
    this.#sweep = (now) => orderDeps({ deadlineMs: now + TIMEOUT_MS }).orders.nudgeStuck(now, STUCK_AFTER_MINUTES);
    const ticketDeps = ({ deadlineMs }: Deadline) => ({
      tickets: ticketStore({ store: this.#contended(this.tickets), clock, deadlineMs }),
    });
    const catalogDeps = ({ deadlineMs }: Deadline) => ({
      products: productStore({ store: this.#contended(this.catalog), clock, deadlineMs }),
    });
    const balanceDeps = ({ deadlineMs }: Deadline) => ({
      balances: balanceStore({ store: this.#contended(this.balances), clock, deadlineMs }),
    });
    const caches = createCaches(clock, BALANCES_CACHED_FOR_MS);
    const balanceDoors = (call: Deadline) => ({ ...balanceDeps(call), ...caches });
    this.#balancesDoor = balancesApi.withRuntime({ createDeps: balanceDoors, clock, baseUrl: '' });
    this.#sync = (bucketsPerRun) => {
      const deadlineMs = clock.now() + SYNC_PATIENCE_MS;
      const ports = {
        ...balanceDeps({ deadlineMs }),
        ledger: createLedgerReader(this.#contended(this.payments)),
        clock,
      };
      return syncNext(ports, { bucketsPerRun, deadlineMs });
    };
    const recordsDeps = ({ deadlineMs }: Deadline) => ({
      records: recordStore({ store: this.#contended(this.documents), clock, deadlineMs }),
    });
    const cacheDeps = ({ deadlineMs }: Deadline) => ({
      cache: cacheStore({ store: this.#contended(this.documents), clock, deadlineMs }, DOCUMENTS_CACHED_FOR_MS),
    });
    this.#documentsDoors = Array.from({ length: ENVIRONMENTS }, () => {
      const memory = new DocumentMemory();
      const find = (call: Deadline) => (uid: string, correlationId: string) =>
        findDocument(uid, correlationId, { ...cacheDeps(call), memory, clock });
      return documentsApi.withRuntime({ createDeps: (call) => ({ find: find(call) }), clock, baseUrl: '' });
    });
    this.#catalogDoor = catalogApi.withRuntime({ createDeps: catalogDeps, clock, baseUrl: '' });
    this.#paymentsDoor = paymentsApi.withRuntime({ createDeps: paymentDeps, clock, baseUrl: '' });
    this.#ordersDoor = ordersApi.withRuntime({ createDeps: orderDoors, clock, baseUrl: '' });
    this.queues = {
      'order-payments': this.#queue('order-payments', onOrderPayments, paymentDeps),
      'payment-status': this.#queue('payment-status', onPaymentStatus, orderDeps),
      'order-refunds-payments': this.#queue('order-refunds-payments', onOrderRefundsPayments, paymentDeps),
      'ticket-status': this.#queue('ticket-status', onTicketStatus, orderDeps),
      'ticket-issuing': this.#queue('ticket-issuing', onTicketIssuing, ticketDeps),
      'order-refunds-tickets': this.#queue('order-refunds-tickets', onOrderRefundsTickets, ticketDeps),
      'product-changes': this.#queue('product-changes', onProductChanges, ticketDeps),
      'catalog-invalidation': this.#queue('catalog-invalidation', onCatalogInvalidation, catalogDeps),
      'order-documents': this.#queue('order-documents', onOrderDocuments, recordsDeps),
      'order-lookup': this.#queue('order-lookup', onOrderLookup, recordsDeps),
      'order-found': this.#queue('order-found', onOrderFound, cacheDeps),
      'balance-ticks': this.#queue('balance-ticks', onBalanceTicks, programmeDeps),
      balance_updates: this.#queue('balance_updates', onBalanceUpdates, balanceDeps),
      'outbox-retry': new MemoryQueue(clock, {
        maxReceives: 1000,
        consumer: (event) =>
          retryParkedEvents(event, {
            relay: { bus: this.#bus, clock, chaos: this.#chaos },
            queue: this.queues['outbox-retry'],
            clock,
          }),
      }),
    };
  }

  readonly #programme: () => ProgrammeStore;
  readonly #sweep: (now: number) => Promise<unknown>;
  readonly #sync: (bucketsPerRun: number) => Promise<BucketComparison[]>;
  readonly #balancesDoor: (event: APIGatewayProxyEvent) => ReturnType<ReturnType<typeof balancesApi.withRuntime>>;
  readonly #catalogDoor: (event: APIGatewayProxyEvent) => ReturnType<ReturnType<typeof catalogApi.withRuntime>>;
  readonly #paymentsDoor: (event: APIGatewayProxyEvent) => ReturnType<ReturnType<typeof paymentsApi.withRuntime>>;
  readonly #ordersDoor: (event: APIGatewayProxyEvent) => ReturnType<ReturnType<typeof ordersApi.withRuntime>>;

  readonly #documentsDoors: readonly ReturnType<typeof documentsApi.withRuntime>[];
  #documentCalls = 0;

  /** A request through the real doors: `call('GET /orders/{id}', { path: { id } })`. */
  async request(door: string, { path, query, body, headers = {} }: Request = {}): Promise<Reply> {
    const [httpMethod, resource] = door.split(' ');
    const event = {
      httpMethod,
      resource,
      pathParameters: path ?? null,
      queryStringParameters: query ?? null,
      headers,
      body: body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body),
      isBase64Encoded: false,
    } as unknown as APIGatewayProxyEvent;
    const reply = await this.#doorTo(resource ?? '')(event);
    const { statusCode: status, headers: replied = {}, body: text } = reply;
    return { status, headers: replied, text, body: JSON.parse(text) as Reply['body'] };
  }

  #doorTo(resource: string) {
    if (/^(\/api)?\/order\//.test(resource))
      return this.#documentsDoors[this.#documentCalls++ % ENVIRONMENTS] ?? this.#ordersDoor;
    if (resource.startsWith('/payments')) return this.#paymentsDoor;
    if (resource.startsWith('/balances')) return this.#balancesDoor;
    return resource.startsWith('/catalog') ? this.#catalogDoor : this.#ordersDoor;
  }

  /** Whatever a request needs of time passes while it is under way. */
  async runUntilDone<T>(work: Promise<T>): Promise<T> {
    let settled = false;
    const end = () => {
      settled = true;
    };
    work.then(end, end);
    await this.clock.runUntil(() => settled);
    return work;
  }

  /** A minute passes, the sweep runs as its schedule would have it, and what it set going ends. */
  async sweepAfterMinute(): Promise<void> {
    await this.runUntilDone(this.clock.sleep(60_000));
    await this.runUntilDone(this.#sweep(this.clock.now()));
    await this.settle();
  }

  /** Users of the update programme with accounts and balances, as the operator's command makes them. */
  async seedUsers(count: number, seed = 42): Promise<void> {
    const chunks = await this.runUntilDone(this.#programme().claim(seed, chunksNeeded(count)));
    for (const [at, chunk] of chunks.entries())
      await this.runUntilDone(this.#programme().seed(seed, chunk, usersOfGroup(seed, at, count)));
    await this.settle();
  }

  /** The clock wakes the planner at each full minute, and what it planned is done by the end of the last. */
  async tickFor(minutes: number, programme: Partial<TickSchedule> = {}): Promise<void> {
    for (let minute = 0; minute < minutes; minute++) {
      await this.runUntilDone(this.clock.sleep(MINUTE_MS - (this.clock.now() % MINUTE_MS)));
      await this.runUntilDone(this.planMinute(this.clock.now(), programme));
    }
    await this.settle();
  }

  /** What the schedule starts, at its own time: the ticks of that minute. */
  planMinute(time: number, programme: Partial<TickSchedule> = {}): Promise<void> {
    return planMinute(time, {
      ...PROGRAMME,
      ...programme,
      chunks: () => this.#programme().chunks(),
      send: async (messages) => {
        for (const { body, delaySeconds } of messages) this.queues['balance-ticks'].send(body, delaySeconds * 1000);
      },
      clock: this.clock,
    });
  }

  /** The sync of balances runs as its schedule would have it. */
  sync(bucketsPerRun = Number.POSITIVE_INFINITY): Promise<BucketComparison[]> {
    return this.runUntilDone(this.#sync(bucketsPerRun));
  }

  /** Until every stream is read and every queue is empty. */
  async settle(): Promise<void> {
    await this.clock.runUntil(() => this.isSettled);
    if (!this.isSettled) throw new Error('the world stands still, but not everything has ended');
  }

  get isSettled(): boolean {
    return (
      [...this.#streams.values()].every(({ waiting, running }) => waiting.length === 0 && !running) &&
      Object.values(this.queues).every((queue) => queue.isIdle)
    );
  }

  /** Hands an event to every queue that subscribes to it, as the bus would. */
  deliver(event: Envelope): void {
    for (const { queue, types } of this.#subscriptions) if (types.has(event.type)) queue.send(JSON.stringify(event));
  }

  readonly #chaos = async (): Promise<Chaos> => ({ ...noFaults, ...this.faults.chaos });

  readonly #bus: Bus = async (events) => {
    await this.clock.sleep(1);
    if (this.faults.busFails?.(this.#putEvents++, this.clock.now())) throw new Error('the bus is away');
    for (const event of events) {
      const envelope = EnvelopeSchema.parse(event);
      if (this.faults.loses?.(envelope)) continue;
      this.published.push(envelope);
      this.deliver(envelope);
    }
    return events.map(() => undefined);
  };

  #table(name: string): MemoryStore {
    this.#streams.set(name, { waiting: [], running: false });
    return createMemoryStore({
      now: this.clock.now,
      indexLagMs: () => this.faults.indexLagMs ?? 0,
      onInsert: (item) => {
        if (!item.sk.startsWith('OUTBOX#')) return;
        this.#streams.get(name)?.waiting.push(item);
        this.clock.at(this.clock.now(), () => void this.#readStream(name));
      },
    });
  }

  async #readStream(name: string): Promise<void> {
    const stream = this.#streams.get(name);
    if (!stream || stream.running || stream.waiting.length === 0) return;
    stream.running = true;
    const batch = stream.waiting.slice(0, STREAM_BATCH);
    await relay(batch.flatMap(parseOutboxRecord), {
      bus: this.#bus,
      park: async (events) => this.queues['outbox-retry'].send(JSON.stringify(events)),
      clock: this.clock,
      chaos: this.#chaos,
    });
    stream.waiting.splice(0, batch.length);
    stream.running = false;
    await this.#readStream(name);
  }

  /** A table as its handlers meet it: each call takes its time, and some writes are lost to conflicts. */
  #contended(table: MemoryStore): Store {
    const slow = async <T>(answer: () => Promise<T>): Promise<T> => {
      await this.clock.sleep(1 + this.clock.random());
      return answer();
    };
    const store: Store = {
      get: (key) => slow(() => table.get(key)),
      getMany: (keys) => slow(() => table.getMany(keys)),
      query: (query) => slow(() => table.query(query)),
      write: (writes, token) => slow(() => table.write(writes, token)),
    };
    return withConflicts(store, () => this.faults.chaos?.transaction_conflict ?? 0, this.clock.random);
  }

  #queue<Deps>(name: string, consumer: Consumer<Deps>, createDeps: (call: Deadline) => Deps): MemoryQueue {
    const queue: MemoryQueue = new MemoryQueue(this.clock, {
      lostAcks: () => this.faults.lostAcks ?? 0,
      consumer: (event) => run(event, name, TIMEOUT_MS),
    });
    const run = consumer.withRuntime({ createDeps, queue, clock: this.clock, chaos: this.#chaos });
    this.#subscriptions.push({ queue, types: new Set(consumer.events.map(({ type }) => type)) });
    return queue;
  }
}
