import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { firstSegments } from '../../../localstack/api-target.ts';
import { startGateway } from '../../../localstack/gateway.ts';

type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void;

let upstream: Server;
let gateway: Awaited<ReturnType<typeof startGateway>>;
let answer: Answer;

beforeEach(async () => {
  upstream = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    answer(request, response, body);
  });
  await new Promise<void>((done) => upstream.listen(0, '127.0.0.1', done));
  const endpoint = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
  const segments = firstSegments(['/', '/orders', '/orders/{id}', '/healthz', '/{proxy+}']);
  const target = { endpoint, id: 'abc', stage: 'test', segments, hasFallback: true };
  gateway = await startGateway({ port: 0, target, pages: [], maxInFlight: 2 });
});

afterEach(async () => {
  await gateway.close();
  upstream.closeAllConnections();
  await new Promise((done) => upstream.close(done));
});

describe('the gateway', () => {
  it('passes method, path, query, headers and body on as they are', async () => {
    answer = (request, response, body) => {
      response.writeHead(201, { 'x-answer': 'yes', location: '/orders/1' });
      response.end(`${request.method} ${request.url} ${request.headers['x-sent']} ${body}`);
    };
    const got = await fetch(`${gateway.url}/orders/a%2Fb?x=1&x=2`, {
      method: 'POST',
      headers: { 'x-sent': 'me' },
      body: '{"é":1}',
    });
    expect([got.status, got.headers.get('x-answer'), got.headers.get('location')]).toEqual([201, 'yes', '/orders/1']);
    expect(await got.text()).toBe('POST /_aws/execute-api/abc/test/orders/a%2Fb?x=1&x=2 me {"é":1}');
  });

  it('lets the API refuse what is no page, and keeps the rest for the page', async () => {
    answer = (_request, response) => response.writeHead(405).end();
    expect((await fetch(`${gateway.url}/unknown`, { method: 'DELETE' })).status).toBe(405);
    const page = await fetch(`${gateway.url}/unknown`);
    expect(page.status).toBe(404);
    expect(page.headers.get('content-type')).toBe('application/problem+json');
  });

  it('refuses a body beyond 10 MB', async () => {
    answer = (_request, response) => response.end();
    const got = await fetch(`${gateway.url}/orders`, { method: 'POST', body: 'x'.repeat(10 * 1024 * 1024 + 1) });
    expect(got.status).toBe(413);
    expect(await got.json()).toMatchObject({ status: 413, code: 'body_too_large' });
  });

  it('says 503 while the engine is away', async () => {
    upstream.closeAllConnections();
    await new Promise((done) => upstream.close(done));
    const got = await fetch(`${gateway.url}/orders`);
    expect(got.status).toBe(503);
    expect(await got.json()).toMatchObject({ code: 'engine_away', correlation_id: expect.any(String) });
    upstream.listen(0);
  });

  it('keeps to its number in flight, and serves everybody in the end', async () => {
    const open: (() => void)[] = [];
    let most = 0;
    answer = (_request, response) => {
      open.push(() => response.end());
      most = Math.max(most, open.length);
      if (open.length === 2) setImmediate(() => open.splice(0).forEach((end) => void end()));
    };
    const all = await Promise.all(Array.from({ length: 10 }, () => fetch(`${gateway.url}/orders`)));
    expect(all.map(({ status }) => status)).toEqual(Array(10).fill(200));
    expect(most).toBe(2);
  });
});
