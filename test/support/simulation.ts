import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import type { Envelope } from '../../events/envelope.ts';
import { handler as balancesApi } from '../../lambdas/balances/api.ts';
import { createBalancesApiDeps, createBalancesDeps, createSyncDeps } from '../../lambdas/balances/deps.ts';
import { handler as onBalanceUpdates } from '../../lambdas/balances/on-balance-updates.ts';
import { type BucketComparison, syncNext } from '../../lambdas/balances/sync.ts';
import { handler as catalogApi } from '../../lambdas/catalog/api.ts';
import { createCatalogApiDeps, createCatalogDeps } from '../../lambdas/catalog/deps.ts';
import { handler as onCatalogInvalidation } from '../../lambdas/catalog/on-catalog-invalidation.ts';
import { handler as documentsApi } from '../../lambdas/documents/api.ts';
import { createCacheDeps, createDocumentsApiDeps, createRecordsDeps } from '../../lambdas/documents/deps.ts';
import { handler as onOrderDocuments } from '../../lambdas/documents/on-order-documents.ts';
import { handler as onOrderFound } from '../../lambdas/documents/on-order-found.ts';
import { handler as onOrderLookup } from '../../lambdas/documents/on-order-lookup.ts';
import { handler as ordersApi } from '../../lambdas/orders/api.ts';
import { createOrdersApiDeps, createOrdersDeps } from '../../lambdas/orders/deps.ts';
import { handler as onPaymentStatus } from '../../lambdas/orders/on-payment-status.ts';
import { handler as onTicketStatus } from '../../lambdas/orders/on-ticket-status.ts';
import { handler as paymentsApi } from '../../lambdas/payments/api.ts';
import { createPaymentsDeps, createProgrammeDeps } from '../../lambdas/payments/deps.ts';
import { handler as onBalanceTicks } from '../../lambdas/payments/on-balance-ticks.ts';
import { handler as onOrderPayments } from '../../lambdas/payments/on-order-payments.ts';
import { handler as onOrderRefundsPayments } from '../../lambdas/payments/on-order-refunds-payments.ts';
import { planMinute } from '../../lambdas/payments/update-programme/plan-minute.ts';
import type { ProgrammeStore } from '../../lambdas/payments/update-programme/programme-store.ts';
import { chunksNeeded, usersOfGroup } from '../../lambdas/payments/update-programme/seeding.ts';
import type { TickSchedule } from '../../lambdas/payments/update-programme/tick.ts';
import { PARKING_LIMITS } from '../../lambdas/relay/event-bus.ts';
import { retryParkedEvents } from '../../lambdas/relay/on-outbox-retry.ts';
import { publishOutbox } from '../../lambdas/relay/publish-outbox.ts';
import { type RelayPorts, relayDeadlines, splitIntoBatches } from '../../lambdas/relay/relay.ts';
import { HttpError, toProblemResponse } from '../../lambdas/shared/http/problem.ts';
import type { Consumer } from '../../lambdas/shared/messaging/consume.ts';
import type { Deadline } from '../../lambdas/shared/runtime/clock.ts';
import { createTicketsDeps } from '../../lambdas/tickets/deps.ts';
import { handler as onOrderRefundsTickets } from '../../lambdas/tickets/on-order-refunds-tickets.ts';
import { handler as onProductChanges } from '../../lambdas/tickets/on-product-changes.ts';
import { handler as onTicketIssuing } from '../../lambdas/tickets/on-ticket-issuing.ts';
import { API_TIMEOUT_S, RELAY_TIMEOUT_S } from '../../lib/limits.ts';
import type { Faults, TableName } from './faults.ts';
import { duringInvocation, FunctionTimedOut, invoke } from './invocation.ts';
import type { MemoryQueue } from './memory-queue.ts';
import type { MemoryStore } from './memory-store.ts';
import { SimulatedServices } from './simulated-services.ts';
import type { VirtualClock } from './virtual-clock.ts';

export type { Faults } from './faults.ts';

/** The settings of the stage `local`. */
const TICK_SCHEDULE: TickSchedule = { intervalS: 10, chunksPerTick: 1 };

export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  /** A response may have any shape. Tests state what they expect of it. */
  readonly body: Record<string, unknown> & Record<number, Record<string, unknown>>;
  /** The body before it was parsed. */
  readonly text: string;
}

interface Request {
  readonly path?: Record<string, string>;
  readonly query?: Record<string, string>;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

type ApiCall = (event: APIGatewayProxyEvent) => ReturnType<ReturnType<typeof ordersApi.withRuntime>>;

const TIMEOUT_MS = 30_000;
const STUCK_AFTER_MINUTES = 1;
const DOCUMENTS_TTL_MS = 360_000;
/** Execution environments of the documents API: each has its own memory, and they are called in turn. */
const ENVIRONMENTS = 4;
const MINUTE_MS = 60_000;
const BALANCES_TTL_MS = 1000;
const SYNC_TIMEOUT_MS = 120_000;
/** The tables whose streams the relay reads: all that have outbox records. */
const OUTBOX_TABLES: readonly TableName[] = ['orders', 'payments', 'tickets', 'catalog', 'documents'];

type Tables<T> = Readonly<Record<TableName, T>>;
type QueueName =
  | 'order-payments'
  | 'payment-status'
  | 'order-refunds-payments'
  | 'ticket-status'
  | 'ticket-issuing'
  | 'order-refunds-tickets'
  | 'product-changes'
  | 'catalog-invalidation'
  | 'order-documents'
  | 'order-lookup'
  | 'order-found'
  | 'balance-ticks'
  | 'balance_updates'
  | 'outbox-retry';

/** All of Oncebox in memory: the real handlers with a seeded clock and seeded faults. See docs/simulation.md. */
export class Simulation implements Tables<MemoryStore> {
  readonly clock: VirtualClock;
  readonly faults: Faults;
  readonly orders: MemoryStore;
  readonly payments: MemoryStore;
  readonly tickets: MemoryStore;
  readonly catalog: MemoryStore;
  readonly balances: MemoryStore;
  readonly documents: MemoryStore;
  readonly queues: Readonly<Record<QueueName, MemoryQueue>>;
  readonly #services: SimulatedServices;
  readonly #apis: Readonly<Record<'orders' | 'payments' | 'catalog' | 'balances', ApiCall>>;
  readonly #documentsApis: readonly ApiCall[];
  readonly #programme: () => ProgrammeStore;
  readonly #sweep: (now: number) => Promise<unknown>;
  readonly #sync: (bucketsPerRun: number) => Promise<BucketComparison[]>;
  #documentRequests = 0;

  constructor(seed = 1, faults: Faults = {}) {
    const services = new SimulatedServices(seed, faults);
    this.#services = services;
    this.clock = services.clock;
    this.faults = faults;
    const clock = services.handlerClock;
    const rowsOf = (name: TableName) => services.tables[name].rows;
    this.orders = rowsOf('orders');
    this.payments = rowsOf('payments');
    this.tickets = rowsOf('tickets');
    this.catalog = rowsOf('catalog');
    this.balances = rowsOf('balances');
    this.documents = rowsOf('documents');

    const storeOf = (name: TableName) => services.tables[name].store;
    const portsOf = (name: TableName) => ({ store: storeOf(name), clock });
    const [ordersDeps, paymentsDeps] = [createOrdersDeps(portsOf('orders')), createPaymentsDeps(portsOf('payments'))];
    const programmeDeps = createProgrammeDeps(portsOf('payments'));
    const [ticketsDeps, catalogDeps] = [createTicketsDeps(portsOf('tickets')), createCatalogDeps(portsOf('catalog'))];
    const [balancesDeps, recordsDeps] = [
      createBalancesDeps(portsOf('balances')),
      createRecordsDeps(portsOf('documents')),
    ];
    const cachePorts = { ...portsOf('documents'), ttlMs: DOCUMENTS_TTL_MS };
    const cacheDeps = createCacheDeps(cachePorts);

    this.#programme = () => programmeDeps({ deadlineMs: clock.now() + TIMEOUT_MS }).programme;
    this.#sweep = (now) => ordersDeps({ deadlineMs: now + TIMEOUT_MS }).orders.nudgeStuck(now, STUCK_AFTER_MINUTES);
    this.#sync = (bucketsPerRun) => {
      const createDeps = createSyncDeps(portsOf('balances'), storeOf('payments'), bucketsPerRun);
      const deps = createDeps({ deadlineMs: clock.now() + SYNC_TIMEOUT_MS });
      return syncNext(deps);
    };
    const otherTables = {
      catalog: storeOf('catalog'),
      payments: storeOf('payments'),
      tickets: storeOf('tickets'),
      documents: storeOf('documents'),
    };
    const runtime = <Deps>(createDeps: (deadline: Deadline) => Deps) => ({ createDeps, clock, baseUrl: '' });
    this.#apis = {
      orders: ordersApi.withRuntime(runtime(createOrdersApiDeps(portsOf('orders'), otherTables))),
      payments: paymentsApi.withRuntime(runtime(paymentsDeps)),
      catalog: catalogApi.withRuntime(runtime(createCatalogApiDeps(portsOf('catalog'), storeOf('orders')))),
      balances: balancesApi.withRuntime(runtime(createBalancesApiDeps(portsOf('balances'), BALANCES_TTL_MS))),
    };
    this.#documentsApis = Array.from({ length: ENVIRONMENTS }, () =>
      documentsApi.withRuntime(runtime(createDocumentsApiDeps(cachePorts))),
    );
    this.queues = {
      'order-payments': this.#queue('order-payments', onOrderPayments, paymentsDeps),
      'payment-status': this.#queue('payment-status', onPaymentStatus, ordersDeps),
      'order-refunds-payments': this.#queue('order-refunds-payments', onOrderRefundsPayments, paymentsDeps),
      'ticket-status': this.#queue('ticket-status', onTicketStatus, ordersDeps),
      'ticket-issuing': this.#queue('ticket-issuing', onTicketIssuing, ticketsDeps),
      'order-refunds-tickets': this.#queue('order-refunds-tickets', onOrderRefundsTickets, ticketsDeps),
      'product-changes': this.#queue('product-changes', onProductChanges, ticketsDeps),
      'catalog-invalidation': this.#queue('catalog-invalidation', onCatalogInvalidation, catalogDeps),
      'order-documents': this.#queue('order-documents', onOrderDocuments, recordsDeps),
      'order-lookup': this.#queue('order-lookup', onOrderLookup, recordsDeps),
      'order-found': this.#queue('order-found', onOrderFound, cacheDeps),
      'balance-ticks': this.#queue('balance-ticks', onBalanceTicks, programmeDeps),
      balance_updates: this.#queue('balance_updates', onBalanceUpdates, balancesDeps),
      'outbox-retry': this.#retryQueue(),
    };
    const relayPorts = this.#relayPorts();
    for (const table of OUTBOX_TABLES)
      services.addStream(table, RELAY_TIMEOUT_S * 1000, (event, timeoutMs) =>
        publishOutbox(event, relayPorts, timeoutMs),
      );
  }

  /** The errors of the relay. After each, the stream has repeated the batch. */
  get relayFailures(): unknown[] {
    return [...this.#services.streams.values()].flatMap(({ failures }) => failures);
  }

  /** Every event that the bus accepted and did not lose. */
  get published(): Envelope[] {
    return this.#services.bus.published;
  }

  /** Sends a request through the real API handlers: `request('GET /orders/{id}', { path: { id } })`. */
  async request(route: string, { path, query, body, headers = {} }: Request = {}): Promise<HttpResponse> {
    const [httpMethod, resource] = route.split(' ');
    const event = {
      httpMethod,
      resource,
      pathParameters: path ?? null,
      queryStringParameters: query ?? null,
      headers,
      body: body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body),
      isBase64Encoded: false,
      requestContext: {},
    } as unknown as APIGatewayProxyEvent;
    const handle = this.#apiOf(resource ?? '');
    const { clock } = this;
    const response = await invoke({ clock, timeoutMs: API_TIMEOUT_S * 1000 }, () => handle(event)).catch(gatewayError);
    const { statusCode: status, headers: responseHeaders = {}, body: text } = response;
    return { status, headers: responseHeaders, text, body: JSON.parse(text) as HttpResponse['body'] };
  }

  #apiOf(resource: string): ApiCall {
    if (/^(\/api)?\/order\//.test(resource))
      return this.#documentsApis[this.#documentRequests++ % ENVIRONMENTS] ?? this.#apis.orders;
    if (resource.startsWith('/payments')) return this.#apis.payments;
    if (resource.startsWith('/balances')) return this.#apis.balances;
    const isOfCatalog = /^\/(catalog|quotes|carts)\b/.test(resource) && !resource.endsWith('/checkout');
    return isOfCatalog ? this.#apis.catalog : this.#apis.orders;
  }

  /** Advances the clock until the work is done. */
  async runUntilDone<T>(work: Promise<T>): Promise<T> {
    let settled = false;
    const onSettled = () => {
      settled = true;
    };
    work.then(onSettled, onSettled);
    await this.clock.runUntil(() => settled);
    return work;
  }

  /** Runs the sweep once, like its schedule. */
  sweep(): Promise<unknown> {
    return this.#sweep(this.clock.now());
  }

  /** Lets a minute pass, runs the sweep, and settles. */
  async sweepAfterMinute(): Promise<void> {
    await this.runUntilDone(this.clock.sleep(MINUTE_MS));
    await this.runUntilDone(this.sweep());
    await this.settle();
  }

  /** Seeds users of the update programme with accounts and balances, like the operator's command. */
  async seedUsers(count: number, seed = 42): Promise<void> {
    const chunks = await this.runUntilDone(this.#programme().reserveChunks(seed, chunksNeeded(count)));
    for (const [index, chunk] of chunks.entries())
      await this.runUntilDone(this.#programme().seedChunk(seed, chunk, usersOfGroup(seed, index, count)));
    await this.settle();
  }

  /** Runs the planner at each full minute for some minutes, and settles. */
  async tickFor(minutes: number, programme: Partial<TickSchedule> = {}): Promise<void> {
    for (let minute = 0; minute < minutes; minute++) {
      await this.runUntilDone(this.clock.sleep(MINUTE_MS - (this.clock.now() % MINUTE_MS)));
      await this.runUntilDone(this.planMinute(this.clock.now(), programme));
    }
    await this.settle();
  }

  /** Plans the ticks of a minute, like the schedule. */
  planMinute(time: number, programme: Partial<TickSchedule> = {}): Promise<void> {
    return planMinute(time, {
      ...TICK_SCHEDULE,
      ...programme,
      countChunks: () => this.#programme().countChunks(),
      send: async (messages) => {
        for (const { body, delaySeconds } of messages) this.queues['balance-ticks'].send(body, delaySeconds * 1000);
      },
      clock: this.clock,
    });
  }

  /** Runs the sync of balances, like its schedule. */
  sync(bucketsPerRun = Number.POSITIVE_INFINITY): Promise<BucketComparison[]> {
    return this.runUntilDone(this.#sync(bucketsPerRun));
  }

  /** Advances the clock until every stream is read and every queue is empty. */
  async settle(): Promise<void> {
    await this.clock.runUntil(() => this.isSettled);
    if (!this.isSettled) throw new Error('no timer is left, but a stream or a queue is not empty');
  }

  get isSettled(): boolean {
    return this.#services.isSettled;
  }

  /** Sends an event to every queue that subscribes to it, like the bus. */
  deliver(event: Envelope): void {
    this.#services.bus.deliver(event);
  }

  #relayPorts(): RelayPorts {
    const { bus, handlerClock, chaos } = this.#services;
    return {
      bus: (events) => duringInvocation(() => bus.putEvents(events)),
      park: async (events) => {
        for (const batch of splitIntoBatches(events, PARKING_LIMITS))
          await this.#services.callQueue('outbox-retry', async () => {
            this.queues['outbox-retry'].send(JSON.stringify(batch));
          });
      },
      clock: handlerClock,
      chaos,
    };
  }

  #queue<Deps>(name: string, consumer: Consumer<Deps>, createDeps: (deadline: Deadline) => Deps): MemoryQueue {
    const { bus, handlerClock, chaos } = this.#services;
    const queue = this.#services.addQueue(name, (port) => {
      const run = consumer.withRuntime({ createDeps, queue: port, clock: handlerClock, chaos });
      return (event, timeoutMs) => run(event, name, timeoutMs);
    });
    bus.subscribe(queue, consumer.events);
    return queue;
  }

  #retryQueue(): MemoryQueue {
    const { clock } = this;
    return this.#services.addQueue('outbox-retry', (queue) => {
      const ports = { ...this.#relayPorts(), queue };
      return (event, timeoutMs) => retryParkedEvents(event, ports, relayDeadlines(clock.now(), timeoutMs).sendingMs);
    });
  }
}

/** The response of API Gateway if a function has not returned. */
function gatewayError(error: unknown): APIGatewayProxyResult {
  if (!(error instanceof FunctionTimedOut)) throw error;
  const problem = new HttpError(502, 'bad_gateway', 'The request failed and may have been processed.');
  return toProblemResponse(problem, 'gateway');
}
