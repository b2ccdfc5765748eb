import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Write } from '../../../lambdas/shared/store/store.ts';
import { createSampleData } from '../../../localstack/seed.ts';
import { findLedgerErrors } from '../../support/ledger-check.ts';
import { createMemoryStore, type MemoryStore } from '../../support/memory-store.ts';

/** An API that keeps what was created. `failing` names the paths that return 500. */
const created = { documents: 0, account: false, orders: 0 };
const failing = new Set<string>();
let requests: string[];
const server = createServer(async (request, response) => {
  const [path = ''] = (request.url ?? '').split('?');
  requests.push(`${request.method} ${path}`);
  const status = failing.has(path) ? 500 : respond(`${request.method} ${path}`, await readBody(request));
  const orders = JSON.stringify(Array.from({ length: created.orders }, () => ({})));
  response.writeHead(status).end(path === '/orders' ? orders : '{}');
});

function respond(routeKey: string, body: string): number {
  if (routeKey === 'GET /orders') return 200;
  if (routeKey === 'GET /payments/accounts/alice/balance') return created.account ? 200 : 404;
  if (routeKey === 'POST /payments/accounts/deposit') return 200;
  if (routeKey === 'POST /payments/accounts') {
    const status = created.account ? 409 : 201;
    created.account = true;
    return status;
  }
  if (body.includes('"order_uid"')) created.documents += 1;
  else created.orders += 1;
  return body.includes('"order_uid"') ? 202 : 201;
}

async function readBody(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request) body += chunk;
  return body;
}

let payments: MemoryStore;
/** Called before each transaction. It may throw, as a table that does not respond does. */
let beforeWrite: (writes: readonly Write[]) => void;
let plans: number;
let progress: string[];

beforeEach(async () => {
  Object.assign(created, { documents: 0, account: false, orders: 0 });
  failing.clear();
  requests = [];
  plans = 0;
  progress = [];
  beforeWrite = () => undefined;
  payments = createMemoryStore({ now: Date.now });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const start = (userCount = 1000, signal = new AbortController().signal) =>
  createSampleData(
    {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      userCount,
      signal,
      planTicks: async () => {
        plans += 1;
      },
      payments: {
        ...payments,
        write: async (writes, token) => {
          beforeWrite(writes);
          await payments.write(writes, token);
        },
      },
    },
    (done, total) => progress.push(`${done} of ${total}`),
  );
const users = () => payments.all().filter(({ pk, sk }) => /^ACCOUNT#u42-\d{6}$/.test(pk) && sk === 'STATE').length;
const seedEntries = () => payments.all().filter(({ sk }) => sk.startsWith('SEED#')).length;

describe('the sample data', () => {
  test('of the first start has 1,000 users, 50 documents and an order, and the ticks of this minute are planned', async () => {
    await start();
    expect(users()).toBe(1000);
    expect(findLedgerErrors(payments.all())).toEqual([]);
    expect(created).toEqual({ documents: 50, account: true, orders: 1 });
    expect(plans).toBe(1);
    expect(progress.at(-1)).toBe('1000 of 1000');
  });

  test('that is complete costs one request and no write', async () => {
    await start();
    requests = [];
    beforeWrite = () => expect.fail('nothing is missing');
    await start();
    expect(requests).toEqual(['GET /orders']);
    expect(plans).toBe(2);
  });

  test('is completed by the next start if the table failed in the middle', async () => {
    let writes = 0;
    beforeWrite = () => {
      writes += 1;
      if (writes > 5) throw new Error('the table does not respond');
    };
    await expect(start()).rejects.toThrow('the table does not respond');
    expect(users()).toBeGreaterThan(0);
    expect(users()).toBeLessThan(1000);
    expect(created.orders).toBe(1);

    beforeWrite = () => undefined;
    await start();
    expect(users()).toBe(1000);
    expect(seedEntries()).toBe(12);
    expect(findLedgerErrors(payments.all())).toEqual([]);
  });

  test('is completed by the next start if Ctrl-C interrupted it', async () => {
    const controller = new AbortController();
    beforeWrite = () => {
      if (users() > 0) controller.abort();
    };
    await start(1000, controller.signal);
    expect(users()).toBeLessThan(1000);
    await start();
    expect(users()).toBe(1000);
  });

  test('has the users even if the API fails, and the next start creates the rest without repeating documents', async () => {
    failing.add('/payments/accounts/deposit');
    await expect(start()).rejects.toThrow('POST http');
    expect(users()).toBe(1000);
    expect(created).toEqual({ documents: 50, account: true, orders: 0 });
    failing.clear();
    await start();
    expect(created).toEqual({ documents: 50, account: true, orders: 1 });
  });

  test('names all failures', async () => {
    beforeWrite = () => {
      throw new Error('the table does not respond');
    };
    failing.add('/orders');
    await expect(start()).rejects.toThrow(/^the table does not respond; GET .*\/orders.* returned 500/);
  });

  test('has as many users as are configured, and more if the number is raised', async () => {
    await start(0);
    expect([users(), plans]).toEqual([0, 0]);
    await start(150);
    await start(300);
    expect(users()).toBe(300);
  });
});
