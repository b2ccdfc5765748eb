import { once } from 'node:events';
import {
  Agent,
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type RequestOptions,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import pLimit, { type LimitFunction } from 'p-limit';
import { outcomeUnknown } from '../lambdas/shared/http/problem-texts.ts';
import type { ApiTarget } from './api-target.ts';
import { sendProblem } from './gateway-problem.ts';
import { createPageHandler } from './page.ts';

export type GatewayOptions = {
  port: number;
  target: ApiTarget;
  /** Folders of the page. The first folder with an index.html is served. */
  pages: readonly string[];
  /**
   * API calls in flight for each first path segment; further calls wait in order. The embedded engine starts one more
   * function worker for each concurrent call and keeps it, so a burst without a limit would use up a laptop's memory.
   */
  maxInFlight: number;
};

// The limit of API Gateway, which returns 413 above it.
const MAX_BODY_BYTES = 10 * 1024 * 1024;
const HOP_BY_HOP_HEADERS = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'te',
  'trailer',
]);

/** Serves the app at one address: forwards API paths unchanged to the engine and serves the page at all other paths. */
export async function startGateway(options: GatewayOptions): Promise<{ url: string; close(): Promise<void> }> {
  const { target } = options;
  const agent = new Agent({ keepAlive: true, maxSockets: 256 });
  const limits = new Map<string, LimitFunction>();
  const servePage = createPageHandler(options.pages);

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const segment = firstSegment(request.url);
    if (!isForApi(request.method ?? 'GET', segment, target)) return servePage(request, response);
    const body = await readBody(request);
    if (body === 'aborted') return;
    if (body === 'too_large') {
      response.setHeader('connection', 'close');
      sendProblem(response, 413, 'body_too_large', 'The body is larger than 10 MB.');
      return;
    }
    const limit = limits.get(segment) ?? pLimit(options.maxInFlight);
    limits.set(segment, limit);
    await limit(async () => {
      if (!response.destroyed) await forward(request, response, body, { target, agent });
    });
  };

  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      console.error('gateway:', error);
      if (response.headersSent) response.destroy();
      else sendProblem(response, 502, 'bad_gateway', 'The gateway could not forward the request.');
    });
  });
  // By default Node closes idle connections after 5 s, which may be the moment at which a client sends its next
  // request.
  server.keepAliveTimeout = 65_000;
  await once(server.listen(options.port, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://localhost:${port}`,
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      agent.destroy();
    },
  };
}

function firstSegment(url = '/'): string {
  return url.split('?', 1)[0]?.split('/', 2)[1] ?? '';
}

function isForApi(method: string, segment: string, target: ApiTarget): boolean {
  if (target.segments.has(segment)) return true;
  return target.hasFallback && method !== 'GET' && method !== 'HEAD';
}

async function forward(
  request: IncomingMessage,
  response: ServerResponse,
  body: Buffer,
  { target, agent }: { target: ApiTarget; agent: Agent },
): Promise<void> {
  const { hostname, port } = new URL(target.endpoint);
  const options: RequestOptions = {
    agent,
    hostname,
    port,
    method: request.method,
    path: `/_aws/execute-api/${target.id}/${target.stage}${request.url ?? '/'}`,
    headers: requestHeaders(request, body, `${hostname}:${port}`),
  };
  await new Promise<void>((resolve) => {
    const upstream = httpRequest(options, (upstreamResponse) => {
      response.writeHead(upstreamResponse.statusCode ?? 502, headersOf(upstreamResponse));
      upstreamResponse.pipe(response);
      upstreamResponse.once('close', resolve);
    });
    upstream.once('error', (error: NodeJS.ErrnoException) => {
      if (response.headersSent) response.destroy();
      else if (error.code === 'ECONNREFUSED') {
        response.setHeader('retry-after', '2');
        const detail =
          'The local engine is not reachable, so nothing was changed. See the terminal in which `npm start` runs.';
        sendProblem(response, 503, 'engine_unavailable', detail);
      } else sendProblem(response, 502, 'outcome_unknown', `The local engine did not respond. ${outcomeUnknown}`);
      resolve();
    });
    response.once('close', () => upstream.destroy());
    upstream.end(body);
  });
}

function requestHeaders(request: IncomingMessage, body: Buffer, host: string): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined && !HOP_BY_HOP_HEADERS.has(name) && name !== 'expect') headers[name] = value;
  }
  // The engine finds the API by the path, so `host` is its own, and the host that the client used is passed beside it.
  headers['x-forwarded-host'] = request.headers.host ?? '';
  headers['host'] = host;
  if (body.length > 0 || request.headers['content-length'] !== undefined)
    headers['content-length'] = String(body.length);
  return headers;
}

function headersOf(upstreamResponse: IncomingMessage): string[] {
  const headers: string[] = [];
  for (let index = 0; index < upstreamResponse.rawHeaders.length; index += 2) {
    const name = upstreamResponse.rawHeaders[index] ?? '';
    if (!HOP_BY_HOP_HEADERS.has(name.toLowerCase())) headers.push(name, upstreamResponse.rawHeaders[index + 1] ?? '');
  }
  return headers;
}

async function readBody(request: IncomingMessage): Promise<Buffer | 'too_large' | 'aborted'> {
  if (Number(request.headers['content-length'] ?? 0) > MAX_BODY_BYTES) return 'too_large';
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > MAX_BODY_BYTES) return 'too_large';
      chunks.push(chunk);
    }
  } catch (error) {
    // The client closed the connection during its own request, so there is no one to respond to.
    if ((error as NodeJS.ErrnoException).code === 'ECONNRESET') return 'aborted';
    throw error;
  }
  return Buffer.concat(chunks);
}
