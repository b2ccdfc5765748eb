import { createHash } from 'node:crypto';
import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';
import { abortAt } from '../shared/runtime/client-settings.ts';
import { type Clock, fullJitterMs } from '../shared/runtime/clock.ts';
import { Busy } from '../shared/runtime/errors.ts';
import { defaultProvider } from '../shared/runtime/lambda-credentials.ts';

/** A bucket, and where it is. On a local engine, all services have one endpoint, and a bucket is a part of the path. */
export interface Bucket {
  readonly name: string;
  readonly region: string;
  readonly endpoint?: string | undefined;
}

export const bucketFromEnv = (name: string): Bucket => ({
  name,
  region: process.env['AWS_REGION'] ?? 'us-east-1',
  endpoint: process.env['AWS_ENDPOINT_URL'],
});

export interface S3Request {
  readonly method: 'GET' | 'PUT' | 'POST';
  readonly key: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

/** A response that is not a success. `code` is the code of S3, for example `NoSuchUpload`. */
export class S3Error extends Error {
  override readonly name = 'S3Error';
  readonly status: number;
  readonly code: string;

  constructor(status: number, text: string, request: Pick<S3Request, 'method' | 'key'>) {
    const code = /<Code>([^<]*)<\/Code>/.exec(text)?.[1] ?? 'unknown';
    super(`S3 returned ${status} ${code} for ${request.method} ${request.key}`);
    this.status = status;
    this.code = code;
  }
}

const MAX_ATTEMPTS = 3;
const BASE_WAIT_MS = 100;
const MAX_WAIT_MS = 1000;
/** A part of several MB may take longer than a request of the other services. */
const ATTEMPT_MS = 10_000;

/** S3 signs the path as it is sent, unlike other services, which encode it a second time. */
const signerOf = ({ region }: Bucket) =>
  new SignatureV4({ service: 's3', region, credentials: defaultProvider(), sha256: Sha256, uriEscapePath: false });

/** Returns the address of an object. Each segment is encoded, since a key contains characters such as `=`. */
function addressOf({ name, region, endpoint }: Bucket, key: string): URL {
  const path = key.split('/').map(encodeURIComponent).join('/');
  return endpoint
    ? new URL(`/${name}/${path}`, endpoint)
    : new URL(`/${path}`, `https://${name}.s3.${region}.amazonaws.com`);
}

const toHttpRequest = (url: URL, { method, query = {} }: Pick<S3Request, 'method' | 'query'>) => ({
  method,
  protocol: url.protocol,
  hostname: url.hostname,
  ...(url.port ? { port: Number(url.port) } : {}),
  path: url.pathname,
  query: { ...query },
});

/** Returns a link by which anybody can download an object, until its expiry or that of the role's session. */
export async function presign(bucket: Bucket, key: string, fileName: string, expiresIn: number): Promise<string> {
  const url = addressOf(bucket, key);
  const query = { 'response-content-disposition': `attachment; filename="${fileName}"` };
  // S3 does not include a body in the signature of a link.
  const headers = { host: url.host, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' };
  const request = { ...toHttpRequest(url, { method: 'GET', query }), headers };
  const { query: signed = {} } = await signerOf(bucket).presign(request, { expiresIn });
  url.search = encodeQuery(signed as Readonly<Record<string, string>>);
  return url.href;
}

/** Encodes a query as it is signed: a space is `%20` and not `+`. */
const encodeQuery = (query: Readonly<Record<string, string>>): string =>
  Object.entries(query)
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join('&');

/**
 * Sends a signed request, again if S3 fails or does not respond. The SDK's client of S3 would add more to the bundle
 * than all other code of the function. Throws `Busy` at the deadline or if S3 is unavailable.
 */
export async function sendToS3(
  bucket: Bucket,
  request: S3Request,
  { clock, deadlineMs }: { readonly clock: Clock; readonly deadlineMs: number },
): Promise<Response> {
  for (let attempt = 1; ; attempt++) {
    if (clock.now() >= deadlineMs) throw new Busy('no time is left for a request to S3');
    const outcome = await tryToSend(bucket, request, Math.min(deadlineMs, clock.now() + ATTEMPT_MS));
    if (outcome instanceof Response) return outcome;
    const waitMs = fullJitterMs(clock, attempt, BASE_WAIT_MS, MAX_WAIT_MS);
    if (attempt === MAX_ATTEMPTS || clock.now() + waitMs > deadlineMs)
      throw new Busy(`S3 is unavailable: ${outcome.message}`, { cause: outcome });
    await clock.sleep(waitMs);
  }
}

/** Returns the response, or the error of an attempt that may be repeated. Any other error is thrown. */
async function tryToSend(bucket: Bucket, request: S3Request, deadlineMs: number): Promise<Response | Error> {
  const url = addressOf(bucket, request.key);
  const { query = {}, body } = request;
  const payloadHash = createHash('sha256')
    .update(body ?? '')
    .digest('hex');
  const { headers } = await signerOf(bucket).sign({
    ...toHttpRequest(url, request),
    // The hash is given, because that of the signer is written in JavaScript and slow for megabytes.
    headers: { ...request.headers, host: url.host, 'x-amz-content-sha256': payloadHash },
  });
  url.search = encodeQuery(query);
  const { abortSignal } = abortAt(deadlineMs);
  let response: Response;
  try {
    response = await fetch(url, {
      method: request.method,
      headers,
      ...(body ? { body } : {}),
      ...(abortSignal ? { signal: abortSignal } : {}),
    });
  } catch (error) {
    // `fetch` reports every failure of a connection as a TypeError, and the end of its time as a DOMException.
    return error as Error;
  }
  if (response.ok) return response;
  const error = new S3Error(response.status, await response.text(), request);
  if (response.status >= 500 || response.status === 429) return error;
  throw error;
}
