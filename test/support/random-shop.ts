import { expect } from 'vitest';
import type { Envelope } from '../../events/envelope.ts';
import type { Item } from '../../events/items.ts';
import { seededUser } from '../../lambdas/payments/update-programme/seeding.ts';
import { textWith } from './documents.ts';
import type { Faults } from './faults.ts';
import { drawFaults } from './random-faults.ts';
import { type HttpResponse, Simulation } from './simulation.ts';
import { seeded } from './virtual-clock.ts';

const MINUTE_MS = 60_000;
const FAULTS_MS = 8 * MINUTE_MS;
const SEED_OF_USERS = 42;
const CUSTOMERS = Array.from({ length: 6 }, (_, index) => seededUser(SEED_OF_USERS, index + 1));
/** Messages that can never succeed, and the queues that receive them. */
export const POISON: readonly string[] = ['not JSON', '{"not":"an event"}'];
const POISONED_QUEUES = ['order-payments', 'ticket-status', 'balance_updates', 'outbox-retry'] as const;
/** The events that the sweep sends again. */
const NUDGED: readonly string[] = ['OrderCreated', 'RefundRequested'];
/** The events whose loss the sweep makes up for. */
const LOST: readonly string[] = [...NUDGED, 'PaymentAuthorized', 'PaymentRefunded', 'TicketIssued', 'TicketVoided'];

/** What the customers know from the responses to all of their requests. */
interface Known {
  readonly orderIds: string[];
  /** The sum of all deposits. */
  deposited: number;
  /** The newest submitted text of each document. */
  readonly documents: Map<string, string>;
}

/** Customers who shop at random moments, while random faults occur. A seed determines all of it. */
export class RandomShop {
  readonly simulation: Simulation;
  readonly known: Known = { orderIds: [], deposited: 0, documents: new Map() };
  readonly #random: () => number;
  #requests = 0;

  constructor(seed: number) {
    this.simulation = new Simulation(seed);
    // Apart from the random numbers of the simulation, so that a change of the handlers keeps the same customers.
    this.#random = seeded(seed + 1_000_000);
  }

  /** Runs the shop with faults until every customer knows the outcome of every request. Then the faults end. */
  async run(): Promise<void> {
    const { simulation } = this;
    const { clock, faults, queues } = simulation;
    await simulation.seedUsers(CUSTOMERS.length, SEED_OF_USERS);
    await simulation.runUntilDone(Promise.all([this.#putProduct('gig', 5), this.#putProduct('shirt', 4)]));
    await simulation.settle();
    const untilMs = clock.now() + FAULTS_MS;
    const loses = (event: Envelope) => {
      this.#nudgeSome(event);
      return LOST.includes(event.type) && this.#random() < 0.03;
    };
    Object.assign(faults, { ...drawFaults(this.#random, clock.now(), FAULTS_MS), loses } satisfies Faults);
    for (const name of POISONED_QUEUES) for (const body of POISON) queues[name].send(body);
    await simulation.runUntilDone(Promise.all([this.#shop(), this.#runSchedules(untilMs)]));
    for (const name of Object.keys(faults) as (keyof Faults)[]) delete faults[name];
  }

  async #shop(): Promise<void> {
    // Its ProductChanged may arrive after the first orders of it.
    await this.#putProduct('late', 3);
    await Promise.all([
      this.#changePrices(),
      ...CUSTOMERS.flatMap((user) => [
        ...Array.from({ length: 6 }, () => this.#buy(user)),
        ...Array.from({ length: 3 }, () => this.#deposit(user)),
        this.#submitDocument(user),
        this.#submitDocument(user),
        this.#orderCart(user),
      ]),
    ]);
  }

  /** Waits for one of five moments. Many customers act in the same half second. */
  #pause(): Promise<void> {
    const moment = Math.floor(this.#random() * 5) * (FAULTS_MS / 12);
    return this.simulation.clock.sleep(moment + this.#random() * 500);
  }

  /** Places an order, and asks for its refund in half of the cases, if it is finished. */
  async #buy(user: string): Promise<void> {
    await this.#pause();
    const { status, body } = await this.#post('POST /orders', await this.#drawOrder(user));
    expect(status).toBe(201);
    const id = String(body['id']);
    this.known.orderIds.push(id);
    if (this.#random() < 0.5) return;
    await this.#pause();
    const { body: order } = await this.#call('GET /orders/{id}', { path: { id } });
    if (order['status'] !== 'FINISHED') return;
    expect((await this.#post('POST /orders/{id}/refund', {}, { id })).status).toBe(202);
  }

  /** Fills the cart of a customer and checks it out. It leads to one order, however often it is checked out. */
  async #orderCart(user_id: string): Promise<void> {
    await this.#pause();
    const items = [{ sku: this.#random() < 0.5 ? 'shirt' : 'late', quantity: 1 }];
    const cart = await this.#call('PUT /carts/{user_id}', { path: { user_id }, body: { items } });
    expect(cart.status).toBe(200);
    await this.#pause();
    const { status, body } = await this.#post('POST /carts/{user_id}/checkout', {}, { user_id });
    expect(status).toBe(201);
    this.known.orderIds.push(String(body['id']));
  }

  /** Changes the price rules at each of some moments. */
  async #changePrices(): Promise<void> {
    for (let change = 0; change < 5; change++) {
      await this.#pause();
      const effect = { type: 'percent', basis_points: -Math.floor(this.#random() * 9000) };
      const body = { mode: 'combine', rules: [{ id: 'sale', effect }] };
      expect((await this.#call('PUT /catalog/rules', { body })).status).toBe(200);
    }
  }

  /** Draws the body of an order: with items, for most of the customer's balance, above it, or of an unknown user. */
  async #drawOrder(user_id: string): Promise<object> {
    const account = await this.simulation.payments.get({ pk: `ACCOUNT#${user_id}`, sk: 'STATE' });
    const balance = Number(account?.['balance']);
    const seat = (row: string, seats: number): Item => {
      return { sku: 'gig', quantity: 1, seat: `${row}${Math.floor(this.#random() * seats)}` };
    };
    const draw = this.#random();
    if (draw < 0.35) return { user_id, items: [seat('A', 4)] };
    if (draw < 0.55) return { user_id, items: [{ sku: 'shirt', quantity: 2 }, seat('B', 2)] };
    if (draw < 0.7) return { user_id, items: [{ sku: 'late', quantity: 1 }] };
    if (draw < 0.9) return { user_id, amount: Math.ceil(balance * 0.6) };
    return { user_id: draw < 0.95 ? 'unknown' : user_id, amount: balance + 1_000_000 };
  }

  async #deposit(user_id: string): Promise<void> {
    await this.#pause();
    const amount = 1 + Math.floor(this.#random() * 1000);
    expect((await this.#post('POST /payments/accounts/deposit', { user_id, amount })).status).toBe(200);
    this.known.deposited += amount;
  }

  /** Submits a version of the customer's document. The versions may arrive in any order. */
  async #submitDocument(order_uid: string): Promise<void> {
    await this.#pause();
    const version = Math.floor(this.#random() * 10);
    const text = textWith({ order_uid, date_created: `2025-11-26T06:22:1${version}Z` });
    const newest = this.known.documents.get(order_uid) ?? '';
    if (text > newest) this.known.documents.set(order_uid, text);
    expect((await this.#call('POST /orders', { body: text })).status).toBe(202);
  }

  async #putProduct(sku: string, stock: number): Promise<void> {
    const body = { name: sku, price: 100, stock };
    expect((await this.#call('PUT /catalog/products/{sku}', { path: { sku }, body })).status).toBe(200);
  }

  /** Sends a request until the outcome is known. */
  async #call(route: string, request: Parameters<Simulation['request']>[1]): Promise<HttpResponse> {
    for (;;) {
      const response = await this.simulation.request(route, request);
      if (response.status < 500) return response;
      expect([502, 503]).toContain(response.status);
      await this.simulation.clock.sleep(1000 + 2000 * this.#random());
    }
  }

  /** Sends a request with a key of its own. Some are sent twice at the same time, others again after the response. */
  async #post(route: string, body: object, path: Record<string, string> = {}): Promise<HttpResponse> {
    const headers = { 'Idempotency-Key': `key-${this.#requests++}` };
    const send = () => this.#call(route, { path, body, headers });
    const draw = this.#random();
    const [first, second] = draw < 0.2 ? await Promise.all([send(), send()]) : [await send()];
    const repeated = second ?? (draw < 0.4 ? await send() : first);
    expect([repeated.status, repeated.body]).toEqual([first.status, first.body]);
    return first;
  }

  /** Delivers a nudged copy of some events at about the same time, as if the sweep found their orders stuck. */
  #nudgeSome(event: Envelope): void {
    const { clock } = this.simulation;
    const nudge = `sweep-${clock.now()}`;
    if (NUDGED.includes(event.type) && event.nudge === undefined && this.#random() < 0.3)
      clock.at(clock.now() + this.#random() * 500, () => this.simulation.deliver({ ...event, nudge }));
  }

  /** Runs the sweep and the planner of ticks at each full minute. A run that fails is not repeated. */
  async #runSchedules(untilMs: number): Promise<void> {
    const { clock } = this.simulation;
    while (clock.now() < untilMs) {
      await clock.sleep(MINUTE_MS - (clock.now() % MINUTE_MS));
      const ticks = this.simulation.planMinute(clock.now(), { intervalS: 20, chunksPerTick: 'all' });
      await Promise.allSettled([this.simulation.sweep(), ticks]);
    }
  }
}
