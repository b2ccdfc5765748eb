import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, vi } from 'vitest';

export interface AwsRequest {
  readonly target: string;
  readonly body: Record<string, unknown> & { Entries?: Record<string, unknown>[]; MessageBody?: string };
}

/** An error as AWS sends it in its JSON protocol, for example of the type `…v20120810#TransactionCanceledException`. */
export class AwsError {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;

  constructor(type: string, details: Readonly<Record<string, unknown>> = {}, status = 400) {
    this.status = status;
    this.body = { __type: type, ...details };
  }
}

/** A response that never arrives, because the server closes the connection after it has received the request. */
export const closedConnection = Symbol('closed connection');

/**
 * An HTTP server in place of AWS. It records the requests of the SDK and sends the response that the test sets: a body,
 * an `AwsError`, or none (`closedConnection`).
 */
export class FakeAws {
  readonly requests: AwsRequest[] = [];
  respond: (request: AwsRequest) => unknown = () => ({});
  /** Tells for each request whether the server never responds to it. */
  hangs: (request: AwsRequest) => boolean = () => false;
  readonly #server = createServer((request, response) => this.#handle(request, response));

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Returns the URL of a queue. Its host does not resolve, like the one that LocalStack names on some machines. */
  queueUrl(name: string): string {
    return `http://sqs.us-east-1.engine.invalid:4566/000000000000/${name}`;
  }

  /** Starts the server before the tests of a file and stops it after them. */
  install(): this {
    beforeAll(async () => {
      await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
      vi.stubEnv('AWS_ENDPOINT_URL', this.url);
      vi.stubEnv('AWS_REGION', 'us-east-1');
      vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
      vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
    });
    afterAll(async () => {
      vi.unstubAllEnvs();
      this.#server.closeAllConnections();
      await new Promise((resolve) => this.#server.close(resolve));
    });
    beforeEach(() => {
      this.requests.length = 0;
      this.hangs = () => false;
      // The SDK compares this hash with its own, as a proof that SQS received the body unchanged.
      this.respond = ({ body }) => ({ MessageId: 'm', MD5OfMessageBody: md5(String(body.MessageBody)) });
    });
    return this;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const awsRequest: AwsRequest = {
      target: String(request.headers['x-amz-target']).split('.').at(-1) ?? '',
      body: JSON.parse(Buffer.concat(chunks).toString('utf8')),
    };
    this.requests.push(awsRequest);
    if (this.hangs(awsRequest)) return;
    const answer = this.respond(awsRequest);
    if (answer === closedConnection) {
      request.socket.destroy();
      return;
    }
    response.setHeader('content-type', 'application/x-amz-json-1.0');
    if (answer instanceof AwsError) response.statusCode = answer.status;
    response.end(JSON.stringify(answer instanceof AwsError ? answer.body : answer));
  }
}

export const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
