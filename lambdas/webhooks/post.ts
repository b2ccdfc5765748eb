import { Resolver } from 'node:dns/promises';
import * as http from 'node:http';
import * as https from 'node:https';
import { isIP } from 'node:net';
import { chooseAddress, findUrlFault, hostOf, isLoopback, type UrlPolicy } from './address.ts';

export interface PostRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly timeoutMs: number;
}

/** The status of the response, or why there is none. Its body is never kept: it may be anything. */
export type PostResult = { readonly status: number } | { readonly error: string };
export type Post = (request: PostRequest) => Promise<PostResult>;

interface PostOptions extends UrlPolicy {
  /** Returns all addresses of a host name. */
  readonly resolve?: (hostname: string, timeoutMs: number) => Promise<readonly string[]>;
  readonly random?: () => number;
}

const MAX_HEADER_BYTES = 16 * 1024;
const MAX_BODY_BYTES = 64 * 1024;

/**
 * Creates a client that posts to public addresses only. It resolves a name once, checks every address, and connects to
 * a checked address, so an answer of DNS that changes meanwhile has no effect. It follows no redirect.
 */
export function createPost({ resolve = resolveByDns, random = Math.random, ...policy }: PostOptions): Post {
  return async (request) => {
    const signal = AbortSignal.timeout(Math.max(1, Math.floor(request.timeoutMs)));
    try {
      const fault = findUrlFault(request.url, policy);
      if (fault) return { error: `the URL ${fault}` };
      const url = new URL(request.url);
      const host = hostOf(url);
      const addresses = isIP(host) === 0 ? await resolve(host, request.timeoutMs) : [host];
      const address = chooseAddress(addresses, policy, random());
      if (url.protocol === 'http:' && !isLoopback(address)) return { error: 'HTTP is allowed to loopback only' };
      return { status: await send(url, address, request, signal) };
    } catch (error) {
      return { error: signal.aborted ? `no response within ${request.timeoutMs} ms` : describeError(error) };
    }
  };
}

/** Resolves a name by DNS alone. `/etc/hosts` is not read, and a lookup that hangs blocks no thread of the process. */
async function resolveByDns(hostname: string, timeoutMs: number): Promise<readonly string[]> {
  // RFC 6761 reserves the name for this host, and DNS need not know it.
  if (hostname === 'localhost') return ['127.0.0.1'];
  const resolver = new Resolver({ timeout: Math.max(1, Math.floor(timeoutMs / 2)), tries: 1 });
  const results = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)]);
  const addresses = results.flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
  const failure = results.find((result) => result.status === 'rejected');
  if (addresses.length === 0 && failure) throw failure.reason;
  return addresses;
}

/** Sends the request to the address, and returns the status as soon as the response has ended or is too long. */
function send(url: URL, address: string, { headers, body }: PostRequest, signal: AbortSignal): Promise<number> {
  const host = hostOf(url);
  const options: https.RequestOptions = {
    method: 'POST',
    // An address is never resolved again. The certificate and the Host header are those of the name.
    host: address,
    port: url.port || (url.protocol === 'https:' ? 443 : 80),
    path: `${url.pathname}${url.search}`,
    servername: isIP(host) === 0 ? host : '',
    rejectUnauthorized: true,
    headers: { ...headers, host: url.host, 'content-length': String(Buffer.byteLength(body)) },
    maxHeaderSize: MAX_HEADER_BYTES,
    agent: false,
    signal,
  };
  const { request: create } = url.protocol === 'https:' ? https : http;
  return new Promise((resolve, reject) => {
    let status: number | undefined;
    const end = (error: Error) => {
      // The status says whether the receiver has accepted the event, even if the rest of its response is lost.
      if (status === undefined) reject(error);
      else resolve(status);
    };
    const request = create(options, (response) => {
      status = response.statusCode ?? 0;
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > MAX_BODY_BYTES) response.destroy();
      });
      response.on('error', end);
      response.on('close', () => end(new Error('the response has ended')));
    });
    request.on('error', end);
    // A receiver that answers 101 takes the connection out of HTTP. It is then closed without a response or an error.
    request.on('close', () => end(new Error('the connection was closed without a response')));
    request.end(body);
  });
}

const describeError = (error: unknown): string => {
  const { code, message } = error as NodeJS.ErrnoException;
  return code ?? message;
};
