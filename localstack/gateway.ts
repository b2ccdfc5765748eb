import {
  Agent,
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { sendProblem } from './gateway-problem.ts';
import { Limiter } from './limiter.ts';
import { servePage } from './page.ts';

/** Where the API is at the engine, and which first path segments are its own. */
export type ApiTarget = {
  endpoint: string;
  id: string;
  stage: string;
  segments: ReadonlySet<string>;
  /** Whether the API answers unknown paths too: then it, and not the page, refuses what is no GET. */
  hasFallback: boolean;
};

export type GatewayOptions = {
  port: number;
  target: ApiTarget;
  /** Folders with the page, the first that exists serves. */
  pages: readonly string[];
  maxInFlight: number;
};

// What API Gateway takes; it answers 413 beyond.
const MAX_BODY_BYTES = 10 * 1024 * 1024;
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'te',
  'trailer',
]);

/** Serves the app at one address: API paths go to the engine's API as they are, all else is the page. */
export async function startGateway(options: GatewayOptions): Promise<{ url: string; close(): Promise<void> }> {
  const agent = new Agent({ keepAlive: true, maxSockets: 256 });
  const limiter = new Limiter(options.maxInFlight);
  const server = createServer((request, response) => {
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
    const answer = isForApi(request.method ?? 'GET', path, options.target)
      ? forward(request, response, options.target, agent, limiter)
      : servePage(path, request, response, options.pages);
    answer.catch((error: unknown) => {
      console.error('gateway:', error);
      if (!response.headersSent)
        sendProblem(response, 502, 'bad_gateway', 'The gateway could not pass this request on.');
      else response.destroy();
    });
  });
  // Node closes idle connections after 5 s by default, in the face of a client that is just sending again.
  server.keepAliveTimeout = 65_000;
  await listen(server, options.port);
  return {
    url: `http://localhost:${portOf(server)}`,
    async close() {
      server.closeAllConnections();
      await new Promise<void>((done) => server.close(() => done()));
      agent.destroy();
    },
  };
}

function isForApi(method: string, path: string, target: ApiTarget): boolean {
  if (target.segments.has(firstSegment(path))) return true;
  return target.hasFallback && method !== 'GET' && method !== 'HEAD';
}

function firstSegment(path: string): string {
  return path.split('/', 2)[1] ?? '';
}

async function forward(
  request: IncomingMessage,
  response: ServerResponse,
  target: ApiTarget,
  agent: Agent,
  limiter: Limiter,
): Promise<void> {
  const body = await readBody(request);
  if (body === 'aborted') return;
  if (body === 'too_large') {
    response.setHeader('connection', 'close');
    sendProblem(response, 413, 'body_too_large', 'A request body is at most 10 MB.');
    return;
  }
  const path = request.url ?? '/';
  await limiter.run(firstSegment(path.split('?', 1)[0] ?? '/'), async () => {
    if (response.destroyed) return;
    await passOn(request, response, body, { target, agent, path });
  });
}

async function passOn(
  request: IncomingMessage,
  response: ServerResponse,
  body: Buffer,
  to: { target: ApiTarget; agent: Agent; path: string },
): Promise<void> {
  const { hostname, port } = new URL(to.target.endpoint);
  await new Promise<void>((done) => {
    const upstream = httpRequest(
      {
        agent: to.agent,
        hostname,
        port,
        method: request.method,
        path: `/_aws/execute-api/${to.target.id}/${to.target.stage}${to.path}`,
        headers: requestHeaders(request, body, `${hostname}:${port}`),
      },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answerHeaders(answer));
        answer.pipe(response);
        answer.once('close', done);
      },
    );
    upstream.once('error', () => {
      if (!response.headersSent) {
        response.setHeader('retry-after', '2');
        sendProblem(response, 503, 'engine_away', 'The local engine does not answer; see where `npm start` runs.');
      } else response.destroy();
      done();
    });
    response.once('close', () => upstream.destroy());
    upstream.end(body);
  });
}

function requestHeaders(request: IncomingMessage, body: Buffer, host: string): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined && !HOP_BY_HOP.has(name) && name !== 'expect') headers[name] = value;
  }
  // The engine takes the API from the path; the name that the client used stays readable beside it.
  headers['x-forwarded-host'] = request.headers.host ?? '';
  headers['host'] = host;
  if (body.length > 0 || request.headers['content-length'] !== undefined)
    headers['content-length'] = String(body.length);
  return headers;
}

function answerHeaders(answer: IncomingMessage): string[] {
  const headers: string[] = [];
  for (let i = 0; i < answer.rawHeaders.length; i += 2) {
    const name = answer.rawHeaders[i] ?? '';
    if (!HOP_BY_HOP.has(name.toLowerCase())) headers.push(name, answer.rawHeaders[i + 1] ?? '');
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
    // The client went away in the middle of its own request: nobody is left to answer.
    if ((error as NodeJS.ErrnoException).code === 'ECONNRESET') return 'aborted';
    throw error;
  }
  return Buffer.concat(chunks);
}

async function listen(server: Server, port: number): Promise<void> {
  await new Promise<void>((done, fail) => {
    server.once('error', fail);
    server.listen(port, '127.0.0.1', () => done());
  });
}

function portOf(server: Server): number {
  const address = server.address();
  return address && typeof address === 'object' ? address.port : 0;
}
