import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { pageHeaders } from '../../../lib/page-headers.ts';
import { firstSegments } from '../../../localstack/api-target.ts';
import { startGateway } from '../../../localstack/gateway.ts';

type Respond = (request: IncomingMessage, response: ServerResponse, body: string) => void;

let upstream: Server;
let gateway: Awaited<ReturnType<typeof startGateway>>;
let respond: Respond;
let folder: string;

beforeEach(async () => {
  upstream = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    respond(request, response, body);
  });
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
  const segments = firstSegments(['/', '/orders', '/orders/{id}', '/healthz', '/{proxy+}']);
  const target = { endpoint, id: 'abc', stage: 'test', segments, hasFallback: true };
  folder = mkdtempSync(join(tmpdir(), 'gateway-'));
  const pages = [join(folder, 'dist'), join(folder, 'web')];
  gateway = await startGateway({ port: 0, target, pages, maxInFlight: 2 });
});

afterEach(async () => {
  await gateway.close();
  upstream.closeAllConnections();
  await new Promise((resolve) => upstream.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

const get = (path: string, method = 'GET') => fetch(gateway.url + path, { method });

describe('the gateway', () => {
  test('forwards method, path, query, headers and body unchanged', async () => {
    respond = (request, response, body) => {
      response.writeHead(201, { 'x-answer': 'yes', location: '/orders/1' });
      response.end(`${request.method} ${request.url} ${request.headers['x-sent']} ${body}`);
    };
    const response = await fetch(`${gateway.url}/orders/a%2Fb?x=1&x=2`, {
      method: 'POST',
      headers: { 'x-sent': 'me' },
      body: '{"é":1}',
    });
    expect([response.status, response.headers.get('x-answer'), response.headers.get('location')]).toEqual([
      201,
      'yes',
      '/orders/1',
    ]);
    expect(await response.text()).toBe('POST /_aws/execute-api/abc/test/orders/a%2Fb?x=1&x=2 me {"é":1}');
  });

  test('forwards DELETE of an unknown path to the API and keeps GET for the page', async () => {
    respond = (_request, response) => response.writeHead(405).end();
    expect((await get('/unknown', 'DELETE')).status).toBe(405);
    const page = await get('/unknown?x=1');
    expect(page.status).toBe(404);
    expect(page.headers.get('content-type')).toBe('application/problem+json');
    expect(await page.json()).toMatchObject({ title: 'Not Found', detail: 'No route matches GET /unknown.' });
  });

  test('refuses a body above 10 MB', async () => {
    respond = (_request, response) => response.end();
    const response = await fetch(`${gateway.url}/orders`, { method: 'POST', body: 'x'.repeat(10 * 1024 * 1024 + 1) });
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ status: 413, code: 'body_too_large' });
  });

  test('returns 502 with an unknown outcome if the engine closes the connection without a response', async () => {
    respond = (request) => request.socket.destroy();
    const response = await fetch(`${gateway.url}/orders`, { method: 'POST', body: '{}' });
    expect(response.status).toBe(502);
    expect(await response.json()).toMatchObject({ code: 'outcome_unknown' });
  });

  test('returns 503 while the engine cannot be reached, because nothing was changed', async () => {
    upstream.closeAllConnections();
    await new Promise((resolve) => upstream.close(resolve));
    const response = await get('/orders');
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ code: 'engine_unavailable', correlation_id: expect.any(String) });
    upstream.listen(0);
  });

  test('limits the requests in flight and answers all of them', async () => {
    const open: (() => void)[] = [];
    let maxOpen = 0;
    respond = (_request, response) => {
      open.push(() => response.end());
      maxOpen = Math.max(maxOpen, open.length);
      if (open.length === 2) setImmediate(() => open.splice(0).forEach((end) => void end()));
    };
    const responses = await Promise.all(Array.from({ length: 10 }, () => get('/orders')));
    expect(responses.map(({ status }) => status)).toEqual(Array(10).fill(200));
    expect(maxOpen).toBe(2);
  });
});

describe('the page', () => {
  const write = (dir: string, name: string, text: string) => {
    mkdirSync(join(folder, dir), { recursive: true });
    writeFileSync(join(folder, dir, name), text);
  };

  test('is served with its files, and index.html for every other path', async () => {
    write('web', 'index.html', 'index');
    write('web', 'page.js', 'script');
    const script = await get('/page.js?v=1');
    expect([await script.text(), script.headers.get('content-type'), script.headers.get('cache-control')]).toEqual([
      'script',
      'text/javascript; charset=utf-8',
      'no-cache',
    ]);
    for (const path of [
      '/',
      '/documents/b563',
      '/missing.js',
      '/%E0%A4%A',
      '/..%2f..%2fetc%2fpasswd',
      `/${'x'.repeat(5000)}`,
    ])
      expect(await (await get(path)).text()).toBe('index');
    const head = await get('/', 'HEAD');
    expect([head.status, await head.text()]).toEqual([200, '']);
  });

  test.each(['/', '/page.js', '/documents/b563', '/missing.js'])(
    'is served with its security headers at %s',
    async (path) => {
      write('web', 'index.html', 'index');
      write('web', 'page.js', 'script');
      const { headers } = await get(path);
      expect(Object.keys(pageHeaders)).toEqual(expect.arrayContaining(['content-security-policy', 'referrer-policy']));
      expect(Object.fromEntries(Object.keys(pageHeaders).map((name) => [name, headers.get(name)]))).toEqual(
        pageHeaders,
      );
    },
  );

  test('is refused with its security headers if there is none', async () => {
    const { status, headers } = await get('/');
    expect([status, headers.get('x-content-type-options')]).toEqual([404, 'nosniff']);
  });

  test('adds no header to responses of the API', async () => {
    respond = (_request, response) => response.end('{}');
    expect((await get('/orders')).headers.get('content-security-policy')).toBeNull();
  });

  test('comes from the first folder that has an index.html at the time of the request', async () => {
    write('web', 'index.html', 'source');
    expect(await (await get('/')).text()).toBe('source');
    write('dist', 'index.html', 'built');
    expect(await (await get('/')).text()).toBe('built');
  });
});
