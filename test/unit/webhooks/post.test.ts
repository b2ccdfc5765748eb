import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { createSecureContext, getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createPost } from '../../../lambdas/webhooks/post.ts';
import { receiverCertificate } from '../../support/receiver-certificate.ts';

let server: Server;
let port: number;
let respond: (request: IncomingMessage, response: ServerResponse) => void;
const requests: { method: string | undefined; url: string | undefined; host: string | undefined; body: string }[] = [];

beforeEach(async () => {
  requests.length = 0;
  respond = (_request, response) => response.end('ok');
  server = createServer(async (request, response) => {
    const { method, url, headers } = request;
    requests.push({ method, url, host: headers.host, body: await text(request) });
    respond(request, response);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** Lets a server listen, and returns whether the address and the port are free. */
const listen = (target: HttpsServer, onPort: number, address: string): Promise<boolean> =>
  new Promise((resolve) => {
    target.once('error', () => resolve(false));
    target.listen(onPort, address, () => resolve(true));
  });

const local = (options: Partial<Parameters<typeof createPost>[0]> = {}) =>
  createPost({ allowsLoopback: true, ...options });
const request = (url = `http://127.0.0.1:${port}/hook?a=1`, timeoutMs = 2000) => ({
  url,
  headers: { 'content-type': 'application/json' },
  body: '{"name":"Zoë"}',
  timeoutMs,
});

describe('a webhook is called', () => {
  test('by POST with the body as it is, and its status is returned', async () => {
    respond = (_request, response) => response.writeHead(202).end();
    expect(await local()(request())).toEqual({ status: 202 });
    expect(requests).toEqual([{ method: 'POST', url: '/hook?a=1', host: `127.0.0.1:${port}`, body: '{"name":"Zoë"}' }]);
  });

  test('without following a redirect', async () => {
    respond = (_request, response) => response.writeHead(302, { location: 'http://169.254.169.254/' }).end();
    expect(await local()(request())).toEqual({ status: 302 });
    expect(requests).toHaveLength(1);
  });

  test('until its time is over, if it does not respond', async () => {
    respond = () => undefined;
    expect(await local()(request(undefined, 100))).toEqual({ error: 'no response within 100 ms' });
  });

  test('and counts as answered if only the end of the response is missing', async () => {
    respond = (_request, response) => response.writeHead(200).write('{');
    expect(await local()(request(undefined, 200))).toEqual({ status: 200 });
  });

  test('and the rest of an endless response is not read', async () => {
    const chunk = 'x'.repeat(16 * 1024);
    respond = (_request, response) => {
      response.writeHead(200);
      const write = () => {
        while (!response.destroyed && response.write(chunk));
      };
      response.on('drain', write);
      write();
    };
    const startedAt = performance.now();
    expect(await local()(request(undefined, 10_000))).toEqual({ status: 200 });
    expect(performance.now() - startedAt).toBeLessThan(5000);
  });

  test('and the reason of a failure has nothing of the response', async () => {
    respond = (incoming) => incoming.socket.end('SSH-2.0-secret banner\r\n');
    const result = await local()(request());
    expect(result).toHaveProperty('error');
    expect(JSON.stringify(result)).not.toContain('secret');
  });

  test('and headers above 16 KB are a failure', async () => {
    respond = (_request, response) => response.writeHead(200, { big: 'x'.repeat(20_000) }).end();
    expect(await local()(request())).toEqual({ error: 'HPE_HEADER_OVERFLOW' });
  });

  const noResponse = { error: 'no response within 200 ms' };
  test.each([
    [
      'another protocol',
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n',
      { error: 'the connection was closed without a response' },
    ],
    ['another protocol without its name', 'HTTP/1.1 101 Switching Protocols\r\n\r\n', { status: 101 }],
    ['only an interim response', 'HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n', noResponse],
    ['an impossible status', 'HTTP/1.1 000 X\r\nContent-Length: 0\r\n\r\n', { status: 0 }],
    ['half of its headers', 'HTTP/1.1 200 OK\r\nx: ', noResponse],
    ['the end of the connection', undefined, { error: 'ECONNRESET' }],
  ])('and %s ends the request, which has failed', async (_, answer, result) => {
    respond = ({ socket }) => (answer === undefined ? socket.end() : socket.write(answer));
    expect(await Promise.race([local()(request(undefined, 200)), setTimeout(2000, 'not ended')])).toEqual(result);
  });

  test('and a refused connection is a failure', async () => {
    expect(await local()(request('http://127.0.0.1:1/'))).toEqual({ error: 'ECONNREFUSED' });
  });
});

describe('over TLS', () => {
  /** The port of a webhook is 443 or 8443, so the server listens on an address of loopback that nothing else uses. */
  const ADDRESSES = ['127.83.72.11', '127.0.0.1'];
  const PORT = 8443;
  let address = '';
  const names: (string | undefined)[] = [];
  const receiver = createHttpsServer(
    {
      ...receiverCertificate,
      SNICallback: (name, done) => {
        names.push(name);
        done(null, createSecureContext(receiverCertificate));
      },
    },
    (_request, response) => response.end('ok'),
  );
  const trusted = getCACertificates('default');
  beforeAll(async () => {
    for (const candidate of ADDRESSES)
      if (await listen(receiver, PORT, candidate)) {
        address = candidate;
        return;
      }
    throw new Error(`nothing can listen on port ${PORT}`);
  });
  beforeEach(() => {
    names.length = 0;
  });
  afterEach(() => setDefaultCACertificates(trusted));
  afterAll(async () => {
    receiver.closeAllConnections();
    await new Promise((resolve) => receiver.close(resolve));
  });
  const callByName = (name: string) => local({ resolve: async () => [address] })(request(`https://${name}:${PORT}/`));

  test('the checked address is called with the name of the URL, and the certificate is checked against the name', async () => {
    setDefaultCACertificates([...trusted, receiverCertificate.cert]);
    expect(await callByName('receiver.invalid')).toEqual({ status: 200 });
    expect(names).toEqual(['receiver.invalid']);
    expect(await callByName('other.invalid')).toEqual({ error: 'ERR_TLS_CERT_ALTNAME_INVALID' });
  });

  test('a certificate that nobody has signed is refused', async () => {
    expect(await callByName('receiver.invalid')).toEqual({ error: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
  });
});

describe('against DNS rebinding', () => {
  // No resolver knows this name, so a second lookup could not reach the server.
  const url = () => `http://receiver.invalid:${port}/`;

  test('a name is resolved once for each request, and the request goes to the address that was checked', async () => {
    const lookups: string[] = [];
    const resolve = async (name: string) => {
      lookups.push(name);
      return [lookups.length === 1 ? '127.0.0.1' : '10.0.0.1'];
    };
    const post = local({ resolve });
    expect(await post(request(url()))).toEqual({ status: 200 });
    expect(requests.map(({ host }) => host)).toEqual([`receiver.invalid:${port}`]);
    expect(lookups).toEqual(['receiver.invalid']);
    expect(await post(request(url()))).toEqual({ error: 'the address 10.0.0.1 is not public' });
    expect(lookups).toHaveLength(2);
    expect(requests).toHaveLength(1);
  });

  test('HTTP reaches loopback only', async () => {
    const post = local({ resolve: async () => ['93.184.216.34'] });
    expect(await post(request('http://example.com/'))).toEqual({ error: 'HTTP is allowed to loopback only' });
  });

  test('every address of the answer is checked', async () => {
    const post = createPost({ allowsLoopback: false, resolve: async () => ['93.184.216.34', '127.0.0.1'] });
    expect(await post(request('https://example.com/'))).toEqual({ error: 'the address 127.0.0.1 is not public' });
  });

  test('an address in the URL is checked at each request', async () => {
    const post = createPost({ allowsLoopback: false });
    expect(await post(request(`http://127.0.0.1:${port}/`))).toEqual({ error: 'the URL must begin with https://' });
    expect(await post(request('https://[::ffff:10.0.0.1]/'))).toEqual({ error: 'the URL must have a public address' });
    expect(requests).toEqual([]);
  });

  test('a lookup that fails is a failure', async () => {
    const post = createPost({
      allowsLoopback: false,
      resolve: async () => {
        throw Object.assign(new Error('queryA ENOTFOUND example.com'), { code: 'ENOTFOUND' });
      },
    });
    expect(await post(request('https://example.com/'))).toEqual({ error: 'ENOTFOUND' });
  });
});
