import { randomUUID } from 'node:crypto';
import { poll } from './poll.ts';

export interface HttpResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

export interface Options {
  readonly key?: string;
  readonly headers?: Record<string, string>;
}

export interface Item {
  readonly sku: string;
  readonly quantity: number;
  readonly seat?: string;
}

export interface Workflow {
  readonly order: Record<string, unknown>;
  readonly steps: readonly { readonly name: string; readonly status: string; readonly at?: string }[];
  readonly outbox: readonly { readonly id: string; readonly type: string; readonly created_at: string }[];
  readonly inbox: readonly Record<'type' | 'consumer' | 'status', string>[];
  readonly decisions: readonly { readonly step: string; readonly decision: string }[];
}

/** The final states of an order. REFUNDING leads to one of them. */
const FINAL_STATES: readonly unknown[] = ['FINISHED', 'CANCELLED', 'REFUNDED'];

/** A client of the HTTP API. */
export class ApiClient {
  readonly url: string;

  constructor(url: string) {
    this.url = url;
  }

  async send(method: string, path: string, body?: unknown, { key, headers }: Options = {}): Promise<HttpResponse> {
    const response = await fetch(this.url + path, {
      method,
      headers: {
        'content-type': 'application/json',
        ...(key === undefined ? {} : { 'idempotency-key': key }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text ? JSON.parse(text) : {} };
  }

  get = (path: string): Promise<HttpResponse> => this.send('GET', path);
  post = (path: string, body: unknown, options?: Options): Promise<HttpResponse> =>
    this.send('POST', path, body, options);

  /** Creates an account with a new user id and a balance. */
  async customer(balance = 0): Promise<string> {
    const user_id = `c-${randomUUID()}`;
    expectStatus(await this.post('/payments/accounts', { user_id }), 201);
    if (balance > 0) expectStatus(await this.post('/payments/accounts/deposit', { user_id, amount: balance }), 200);
    return user_id;
  }

  /** Creates accounts with new user ids and the same balance. */
  async customers(count: number, balance: number): Promise<string[]> {
    return Promise.all(Array.from({ length: count }, () => this.customer(balance)));
  }

  /** Creates a product with a new SKU. */
  async product({ price, stock }: { price: number; stock: number }): Promise<string> {
    const sku = `p-${randomUUID()}`;
    expectStatus(await this.send('PUT', `/catalog/products/${sku}`, { name: 'Test product', price, stock }), 200);
    return sku;
  }

  /** Places an order for items at their catalog price. */
  async orderItems(user_id: string, ...items: readonly Item[]): Promise<string> {
    return String(expectStatus(await this.post('/orders', { user_id, items }), 201).body['id']);
  }

  refund = (id: string, body: unknown = {}, options?: Options): Promise<HttpResponse> =>
    this.post(`/orders/${id}/refund`, body, options);

  async workflow(id: string, prefix = ''): Promise<Workflow> {
    return expectStatus(await this.get(`${prefix}/orders/${id}/workflow`), 200).body as unknown as Workflow;
  }

  async order(user_id: string, amount: number, fields: Record<string, unknown> = {}): Promise<string> {
    return String(expectStatus(await this.post('/orders', { user_id, amount, ...fields }), 201).body['id']);
  }

  async balance(user_id: string): Promise<number> {
    return Number(expectStatus(await this.get(`/payments/accounts/${user_id}/balance`), 200).body['balance']);
  }

  /** Waits until the order is in a final state, and returns it. */
  waitForFinalState(id: string, limitMs?: number): Promise<Record<string, unknown>> {
    return poll(
      async () => expectStatus(await this.get(`/orders/${id}`), 200).body,
      ({ status }) => FINAL_STATES.includes(status),
      limitMs,
    );
  }

  /** Waits until all orders are in a final state, and counts them by state. */
  async countFinalStates(ids: readonly string[], limitMs?: number): Promise<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const id of ids) {
      const status = String((await this.waitForFinalState(id, limitMs))['status']);
      counts[status] = (counts[status] ?? 0) + 1;
    }
    return counts;
  }

  /** Reads the whole statement page by page, by the Link headers. */
  async statement(user_id: string): Promise<Record<string, unknown>[]> {
    const entries: Record<string, unknown>[] = [];
    let path: string | undefined = `/payments/accounts/${user_id}/entries?limit=200`;
    while (path) {
      const page = expectStatus(await this.get(path), 200);
      entries.push(...(page.body as unknown as Record<string, unknown>[]));
      path = /<(?:https?:\/\/[^/]+)?([^>]+)>; rel="next"/.exec(page.headers.get('link') ?? '')?.[1];
    }
    return entries;
  }
}

export function expectStatus(response: HttpResponse, status: number): HttpResponse {
  if (response.status !== status)
    throw new Error(`expected ${status}, got ${response.status}: ${JSON.stringify(response.body)}`);
  return response;
}
