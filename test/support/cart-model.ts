import type { Faults } from './faults.ts';
import { findLedgerErrors } from './ledger-check.ts';
import { PriceShop } from './price-shop.ts';
import { findSagaErrors } from './saga-check.ts';
import type { HttpResponse, Simulation } from './simulation.ts';
import { seeded } from './virtual-clock.ts';

type Request = Parameters<Simulation['request']>[1];
type Items = readonly { readonly sku: string; readonly quantity: number }[];

/** The price of a shirt is `price`, less `percent` by the only rule. It is valid between two times, and at both. */
interface Period {
  readonly price: number;
  readonly percent: number;
  readonly fromMs: number;
  toMs: number;
}

interface GivenQuote {
  readonly id: string;
  readonly items: Items;
  readonly total: number;
  readonly expiresMs: number;
  readonly user_id: unknown;
}

/** A request without a response, which its customer sends again later. */
interface OpenRequest {
  readonly route: string;
  readonly request: Request;
  readonly onResponse: (response: HttpResponse, isRepeated: boolean) => void;
}

const STEPS = 14;
const BALANCE = 100_000_000;
/** A request reads prices up to this time before its order, and its response arrives as long after its change. */
const TRAVEL_MS = 10;
const MAX_SWEEPS = 10;
const alice = { path: { user_id: 'alice' } };
const priceOf = ({ price, percent }: Period): number => Math.floor((price * (100 - percent) * 2 + 100) / 200);

/**
 * Customers of one account who fill carts, check them out, order, and ask for quotes, while prices change and the
 * tables fail. It knows what each of them was told, and compares the books with that.
 */
export class CartModel {
  readonly errors: string[] = [];
  /** The number of orders, and of requests whose refusal was recorded. */
  readonly counts = { orders: 0, refusals: 0 };
  readonly #shop: PriceShop;
  readonly #random: () => number;
  readonly #readSpreadMs: number;
  /** Whether orders hang often and prices change often. */
  readonly #isAggressive: boolean;
  readonly #periods: Period[] = [{ price: 1000, percent: 0, fromMs: 0, toMs: Number.POSITIVE_INFINITY }];
  readonly #quotes: GivenQuote[] = [];
  readonly #told = new Map<string, HttpResponse['body']>();
  #isChanging = false;
  #keys = 0;

  private constructor(shop: PriceShop, seed: number, readSpreadMs: number) {
    this.#shop = shop;
    this.#random = seeded(seed * 7919 + 13);
    this.#readSpreadMs = readSpreadMs;
    this.#isAggressive = seed % 2 === 0;
  }

  /** Runs the model with some customers, and returns it when its books are checked. */
  static async run(seed: number, customers: number, readSpreadMs: number): Promise<CartModel> {
    const shop = await PriceShop.open(seed);
    await shop.openAccount('alice', BALANCE);
    await shop.putSale(0);
    await shop.simulation.settle();
    const model = new CartModel(shop, seed, readSpreadMs);
    const { faults } = shop.simulation;
    Object.assign(faults, model.#drawFaults());
    const all = Array.from({ length: customers }, (_, index) => model.#act(index === 0, customers === 1));
    await shop.simulation.runUntilDone(Promise.all(all));
    for (const name of Object.keys(faults) as (keyof Faults)[]) delete faults[name];
    await model.#checkBooks();
    return model;
  }

  #drawFaults(): Faults {
    const random = this.#random;
    const [hang, repeat, throttle] = [random() * 0.15, random() * 0.05, random() * 0.1];
    return {
      readSpreadMs: this.#readSpreadMs,
      chaos: { transaction_conflict: random() * 0.3, duplicate: random() * 0.3, publish_failure: 0.1 },
      duplicateRate: random() * 0.4,
      tableFails: ({ table, operation }) => {
        if (this.#isAggressive && table === 'orders' && operation === 'write' && random() < 0.4) return 'hangs';
        if (table !== 'orders' && table !== 'catalog') return undefined;
        const draw = random();
        if (draw < hang) return 'hangs';
        if (draw < hang + repeat) return 'repeats';
        return draw < hang + repeat + throttle ? 'throttles' : undefined;
      },
    };
  }

  get #period(): Period {
    const last = this.#periods.at(-1);
    if (!last) throw new Error('there is no price');
    return last;
  }

  /** Sends a request until its outcome is known. */
  async #callUntilKnown(route: string, request: Request): Promise<HttpResponse> {
    const { simulation } = this.#shop;
    for (;;) {
      const response = await simulation.request(route, request);
      if (response.status < 500) return response;
      await simulation.clock.sleep(this.#random() * 8000);
    }
  }

  /** Changes the price or the rules. Only one change is under way at a time. */
  async #changePrices(change: { price?: number; percent?: number }): Promise<void> {
    if (this.#isChanging) return;
    this.#isChanging = true;
    const { clock } = this.#shop.simulation;
    const last = this.#period;
    const next = { ...last, ...change, fromMs: clock.now() };
    if (change.price !== undefined) {
      const body = { name: 'shirt', price: change.price, stock: 1000 };
      await this.#callUntilKnown('PUT /catalog/products/{sku}', { path: { sku: 'shirt' }, body });
    }
    if (change.percent !== undefined) {
      const rules = [{ id: 'rule', effect: { type: 'percent', basis_points: -100 * change.percent } }];
      await this.#callUntilKnown('PUT /catalog/rules', { body: { mode: 'first_match', rules } });
    }
    last.toMs = clock.now();
    this.#periods.push(next);
    this.#isChanging = false;
  }

  /** Remembers what a customer was told about an order. An order that was told twice must be the same. */
  #hear({ status, body, text }: HttpResponse): void {
    if (status === 201) {
      const id = String(body['id']);
      const before = this.#told.get(id);
      if (before && JSON.stringify(before) !== JSON.stringify(body)) this.errors.push(`order ${id} has two contents`);
      this.#told.set(id, body);
    } else if (![400, 404, 409, 422].includes(status)) this.errors.push(`status ${status}: ${text}`);
  }

  /** One customer. `isAlone` says that nobody else uses the cart, so that its content is known. */
  async #act(changesPrices: boolean, isAlone: boolean): Promise<void> {
    const { clock } = this.#shop.simulation;
    const random = this.#random;
    const open: OpenRequest[] = [];
    /** The items of the cart, as far as the customer knows them. */
    let cart: Items | undefined = [];
    const send = async (item: OpenRequest, isRepeated: boolean, isUntilKnown: boolean): Promise<void> => {
      const { route, request } = item;
      const response = isUntilKnown
        ? await this.#callUntilKnown(route, request)
        : await this.#shop.simulation.request(route, request);
      if (response.status < 500) item.onResponse(response, isRepeated);
      else open.push(item);
    };
    const fillCart = async () => {
      const items = this.#drawItems();
      const { status } = await this.#callUntilKnown('PUT /carts/{user_id}', { ...alice, body: { items } });
      if (status !== 200) this.errors.push(`PUT of a cart: ${status}`);
      cart = items;
    };
    const deleteCart = async () => {
      await this.#callUntilKnown('DELETE /carts/{user_id}', alice);
      cart = [];
    };
    const checkOut = async () => {
      const before = cart;
      cart = undefined;
      const onResponse = (response: HttpResponse, isRepeated: boolean) => {
        this.#hear(response);
        // A request that is repeated later orders what is in the cart by then.
        if (isRepeated) cart = response.status === 201 ? undefined : cart;
        else cart = response.status === 201 ? (isAlone && before && before.length > 0 ? [] : undefined) : before;
      };
      const request = { ...alice, body: this.#drawTerms(before), headers: this.#nextKey() };
      await send({ route: 'POST /carts/{user_id}/checkout', request, onResponse }, false, random() < 0.4);
    };
    const order = async () => {
      const items = this.#drawItems();
      const request = { body: { user_id: 'alice', items, ...this.#drawTerms(items) }, headers: this.#nextKey() };
      await send({ route: 'POST /orders', request, onResponse: (response) => this.#hear(response) }, false, false);
    };
    const repeat = async () => {
      const item = open.shift();
      if (item) await send(item, true, false);
    };
    const look = async () => {
      if (!isAlone || cart === undefined || open.length > 0) return;
      const shown = await this.#callUntilKnown('GET /carts/{user_id}', alice);
      const quantities = (lines: unknown) => JSON.stringify((lines as Items).map(({ quantity }) => quantity));
      if (quantities(shown.body['lines']) !== quantities(cart)) this.errors.push(`the cart is ${shown.text}`);
    };
    for (let step = 0; step < STEPS; step++) {
      await clock.sleep(random() < 0.5 ? random() * 50 : random() * (this.#isAggressive ? 2000 : 12_000));
      const draw = this.#isAggressive && open.length > 0 ? 0.8 + random() / 10 : random();
      if (draw < 0.22) await fillCart();
      else if (draw < 0.28) await deleteCart();
      else if (draw < 0.55) await checkOut();
      else if (draw < 0.65) await order();
      else if (draw < 0.73) await this.#askForQuote();
      else if (draw < 0.84)
        await (changesPrices || this.#isAggressive ? this.#changePrices(this.#drawChange()) : look());
      else if (draw < 0.93) await repeat();
      else if (draw < 0.95) await clock.sleep(random() * 20 * 60_000);
      else await look();
    }
    for (const item of open.splice(0)) await send(item, true, true);
  }

  #nextKey = (): Record<string, string> => ({ 'Idempotency-Key': `key-${this.#keys++}` });

  #drawItems = (): Items => [{ sku: 'shirt', quantity: 1 + Math.floor(this.#random() * 3) }];

  #drawChange = (): { price?: number; percent?: number } =>
    this.#random() < 0.5
      ? { price: 1 + Math.floor(this.#random() * 3000) }
      : { percent: Math.floor(this.#random() * 90) };

  /** Draws what a customer expects to pay: nothing, the current price, or that of a quote. */
  #drawTerms(items: Items | undefined): { amount?: number; quote_id?: string; items?: Items } {
    const draw = this.#random();
    const quote = this.#quotes[Math.floor(this.#random() * this.#quotes.length)];
    if (draw < 0.3 && quote) return { quote_id: quote.id };
    return draw < 0.6 && items?.[0] ? { amount: priceOf(this.#period) * items[0].quantity } : {};
  }

  async #askForQuote(): Promise<void> {
    const items = this.#drawItems();
    const draw = this.#random();
    const user = draw < 0.5 ? {} : { user_id: draw < 0.8 ? 'alice' : 'bob' };
    const { status, body } = await this.#callUntilKnown('POST /quotes', {
      body: { items, ...user },
      headers: this.#nextKey(),
    });
    if (status >= 400) return;
    const { quote_id, total, expires_at, user_id } = body;
    this.#quotes.push({
      ...{ id: String(quote_id), items, user_id },
      ...{ total: Number(total), expiresMs: Date.parse(String(expires_at)) },
    });
  }

  async #checkBooks(): Promise<void> {
    const { simulation } = this.#shop;
    await simulation.settle();
    const isRefusal = ({ refused }: { [name: string]: unknown }) => refused === true;
    const findErrors = () =>
      findSagaErrors({
        orders: simulation.orders.all().filter((row) => !isRefusal(row)),
        payments: simulation.payments.all(),
        tickets: simulation.tickets.all(),
      });
    for (let sweep = 0; sweep < MAX_SWEEPS && findErrors().length > 0; sweep++) await simulation.sweepAfterMinute();
    this.errors.push(...findErrors(), ...findLedgerErrors(simulation.payments.all()));
    const orders = this.#shop.placedOrders().filter((row) => !isRefusal(row));
    for (const order of orders) this.#checkOrder(order);
    const generations = orders.flatMap(({ cart_id }) => (cart_id === undefined ? [] : [cart_id]));
    if (new Set(generations).size < generations.length) this.errors.push('two orders of one generation');
    for (const id of this.#told.keys())
      if (!orders.some((order) => order['id'] === id)) this.errors.push(`order ${id} is lost`);
    const finished = orders.filter(({ state }) => (state as { status: string }).status === 'FINISHED');
    const debit = finished.reduce((sum, { amount }) => sum + Number(amount), 0);
    if (BALANCE - Number(await this.#shop.balance('alice')) !== debit) this.errors.push('the debit is another one');
    for (const [name, { dlq }] of Object.entries(simulation.queues))
      if (dlq.length > 0) this.errors.push(`dead letters in ${name}`);
    this.counts.orders = orders.length;
    this.counts.refusals = simulation.orders.all().filter(isRefusal).length;
  }

  /** Checks that a customer knows of an order, and that its price is that of its time or of its quote. */
  #checkOrder({ id, amount, created_at, pricing, items }: Readonly<Record<string, unknown>>): void {
    const report = (text: string) => this.errors.push(`order ${id} of ${amount} ${text}`);
    const told = this.#told.get(String(id));
    if (!told) report('was placed, and nobody knows it');
    else if (told['amount'] !== amount) report(`was told to cost ${told['amount']}`);
    const { quote_id, lines } = pricing as { quote_id?: string; lines: { price: number }[] };
    const quantities = (items as Items).map(({ quantity }) => quantity);
    const sum = lines.reduce((total, { price }, line) => total + price * (quantities[line] ?? 0), 0);
    if (sum !== amount) report(`is not the sum of its lines, ${sum}`);
    const ms = Date.parse(String(created_at));
    const quote = this.#quotes.find((given) => given.id === quote_id);
    if (quote_id === undefined) {
      const marginMs = TRAVEL_MS + 2 * this.#readSpreadMs;
      const valid = this.#periods.filter(({ fromMs, toMs }) => ms >= fromMs - marginMs && ms <= toMs + marginMs);
      if (!valid.some((period) => priceOf(period) * (quantities[0] ?? 0) === amount)) report(`has no price of ${ms}`);
    } else if (!quote || quote.total !== amount) report('has not the price of its quote');
    else if (ms >= quote.expiresMs) report('was placed after its quote had expired');
    else if (quote.user_id !== undefined && quote.user_id !== 'alice') report(`has a quote of ${quote.user_id}`);
  }
}
