import { expect } from 'vitest';
import type { Faults } from './faults.ts';
import { type HttpResponse, Simulation } from './simulation.ts';

interface Line {
  readonly sku: string;
  readonly quantity: number;
  readonly seat?: string;
}

/** A shop in memory with prices, rules, quotes and carts. It has the product `shirt` at 1000, and `poster` at 300. */
export class PriceShop {
  readonly simulation: Simulation;

  constructor(seed = 1, faults: Faults = {}) {
    this.simulation = new Simulation(seed, faults);
  }

  static async open(seed?: number, faults?: Faults): Promise<PriceShop> {
    const shop = new PriceShop(seed, faults);
    await shop.putProduct('shirt', 1000);
    await shop.putProduct('poster', 300);
    await shop.simulation.settle();
    return shop;
  }

  call(...args: Parameters<Simulation['request']>): Promise<HttpResponse> {
    return this.simulation.runUntilDone(this.simulation.request(...args));
  }

  async putProduct(sku: string, price: number, stock = 100): Promise<void> {
    const response = await this.call('PUT /catalog/products/{sku}', {
      path: { sku },
      body: { name: sku, price, stock },
    });
    expect(response.status).toBe(200);
  }

  /** Makes one rule the only one. Returns the version. */
  async putRule(rule: object): Promise<number> {
    const body = { mode: 'first_match', rules: [{ id: 'rule', ...rule }] };
    const response = await this.call('PUT /catalog/rules', { body });
    expect(response.status).toBe(200);
    return Number(response.body['version']);
  }

  /** Makes one rule the only one, which takes a percentage off every price. */
  putSale = (percent: number): Promise<number> =>
    this.putRule({ effect: { type: 'percent', basis_points: -100 * percent } });

  async tag(user_id: string, ...tags: string[]): Promise<void> {
    await this.call('PUT /catalog/customers/{user_id}', { path: { user_id }, body: { tags } });
  }

  async openAccount(user_id: string, amount: number): Promise<void> {
    await this.call('POST /payments/accounts', { body: { user_id } });
    await this.call('POST /payments/accounts/deposit', { body: { user_id, amount } });
  }

  async balance(user_id: string): Promise<unknown> {
    const response = await this.call('GET /payments/accounts/{user_id}/balance', { path: { user_id } });
    return response.body['balance'];
  }

  quote = (body: object, key?: string): Promise<HttpResponse> => this.call('POST /quotes', { body, ...withKey(key) });

  order = (body: object, key?: string): Promise<HttpResponse> => this.call('POST /orders', { body, ...withKey(key) });

  cart = async (user_id = 'alice'): Promise<HttpResponse['body']> =>
    (await this.call('GET /carts/{user_id}', { path: { user_id } })).body;

  putCart = (items: readonly Line[], user_id = 'alice'): Promise<HttpResponse> =>
    this.call('PUT /carts/{user_id}', { path: { user_id }, body: { items } });

  checkOut = (key?: string, body: object = {}, user_id = 'alice'): Promise<HttpResponse> =>
    this.call('POST /carts/{user_id}/checkout', { path: { user_id }, body, ...withKey(key) });

  /** Lets time pass. */
  wait = (ms: number): Promise<void> => this.simulation.runUntilDone(this.simulation.clock.sleep(ms));

  placedOrders = () => this.simulation.orders.all().filter(({ pk, sk }) => pk.startsWith('ORDER#') && sk === 'STATE');

  /** Returns the ledger entries that an order has caused. */
  debits = () =>
    this.simulation.payments.all().filter(({ sk, decision }) => sk === 'PAYMENT' && decision === 'authorized');
}

const withKey = (key: string | undefined) => (key === undefined ? {} : { headers: { 'Idempotency-Key': key } });
