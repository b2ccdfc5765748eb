import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import * as z from 'zod/mini';
import type { Deadline } from '../messaging/receipt.ts';
import type { Clock } from '../runtime/clock.ts';
import { createRequestIdentity, type RequestIdentity, validateIdempotencyKey } from './idempotency.ts';
import type { OneOf } from './one-of.ts';
import { type FieldError, HttpError, InvalidInput } from './problem.ts';
import { collectErrors, header, parseJsonBody, pathParams, queryParams, readBody, validate } from './request.ts';

/** What a door takes and gives. The reply is parsed by what is declared for its status, so only declared fields leave. */
export interface Contract<P, Q, B, R, A = never> {
  readonly params?: z.ZodMiniType<P>;
  readonly query?: z.ZodMiniType<Q>;
  readonly body?: z.ZodMiniType<B> | OneOf<B>;
  readonly returns: z.ZodMiniType<R>;
  /** 200 unless said otherwise. */
  readonly status?: number;
  /** What else it may answer, by status. */
  readonly otherReplies?: Readonly<Record<number, z.ZodMiniType<A>>>;
  /** Headers that only this door's answers bear. */
  readonly headers?: readonly string[];
}

export interface Request<P, Q, B> {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  /** The body as it was sent, for whoever keeps it as it is. */
  readonly text: string;
  /** The thread of this request; what it causes names it. */
  readonly correlationId: string;
  readonly now: number;
  /** Contention is given up then. */
  readonly deadlineMs: number;
  /** The identity of what this caller makes by this request, by its Idempotency-Key where it has one. */
  identify(caller: string): RequestIdentity;
}

/** A body that is JSON already and leaves as it is: whoever kept it has checked it, and parsing would round its numbers. */
export class RawJson {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** A reply with more than its body. */
export class Reply<R> {
  readonly body: R;
  readonly headers: Readonly<Record<string, string>>;
  /** The route's own unless said otherwise. */
  readonly status: number | undefined;

  constructor(body: R, headers: Readonly<Record<string, string>>, status?: number) {
    this.body = body;
    this.headers = headers;
    this.status = status;
  }
}

/** What was made by this request before, told again. */
export const replayedHeader: Readonly<Record<string, string>> = { 'Idempotency-Replayed': 'true' };

/** The footing of a route: its context's services, time, and where links point. */
export interface RouteRuntime<Deps> {
  readonly createDeps: (request: Deadline) => Deps;
  readonly clock: Clock;
  readonly baseUrl: string;
}

export interface Route<Deps> {
  readonly contract: Contract<unknown, unknown, unknown, unknown, unknown>;
  respond(
    name: string,
    event: APIGatewayProxyEvent,
    correlationId: string,
    runtime: RouteRuntime<Deps>,
  ): Promise<APIGatewayProxyResult>;
}

const describeFieldError = ({ path, message }: FieldError): string => `${path}: ${message}`;

/** A caller waits no longer for contention to end. */
const MAX_CONTENTION_MS = 5000;
const noFields = z.strictObject({});

export function route<Deps, R, P = Record<string, never>, Q = Record<string, never>, B = undefined, A = never>(
  contract: Contract<P, Q, B, R, A>,
  handle: (request: Request<P, Q, B>, deps: Deps) => Promise<R | Reply<R | A | RawJson>>,
): Route<Deps> {
  return {
    contract: contract as Contract<unknown, unknown, unknown, unknown, unknown>,
    respond: async (name, event, correlationId, { createDeps, clock, baseUrl }) => {
      const faults: FieldError[] = [];
      const key = collectErrors(() => validateIdempotencyKey(header(event, 'Idempotency-Key')), faults);
      const text = contract.body && collectErrors(() => readBody(event), faults);
      const json = text === undefined ? undefined : collectErrors(() => parseJsonBody(text), faults);
      const unknown: FieldError[] = [];
      const params = validate<unknown>(
        contract.params ?? noFields,
        collectErrors(() => pathParams(event), unknown),
        unknown,
      );
      const query = validate<unknown>(
        contract.query ?? noFields,
        collectErrors(() => queryParams(event), faults),
        faults,
      );
      const body = contract.body && validate<unknown>(bodySchemaFor(contract.body, json), json, faults);
      if (faults.length > 0) throw new InvalidInput([...unknown, ...faults]);
      // nothing of ours is named like that, so it is as little there as any other unknown thing
      if (unknown.length > 0) throw new HttpError(404, 'not_found', unknown.map(describeFieldError).join('; '));
      const now = clock.now();
      const deadlineMs = now + MAX_CONTENTION_MS;
      const request = {
        params,
        query,
        body,
        text: text ?? '',
        correlationId,
        now,
        deadlineMs,
        identify: (caller: string) => createRequestIdentity(name, caller, key, json),
      } as Request<P, Q, B>;
      const answered = await handle(request, createDeps({ deadlineMs }));
      const { body: reply, headers, status } = answered instanceof Reply ? answered : new Reply(answered, {});
      const declared = replySchemaFor(contract, status);
      if (!declared) throw new Error(`${name} does not say that it answers ${status}`);
      return {
        statusCode: status ?? defaultStatusOf(contract),
        headers: {
          'Content-Type': 'application/json',
          'X-Correlation-Id': correlationId,
          ...withAbsoluteLinks(headers, baseUrl),
        },
        body: reply instanceof RawJson ? reply.text : JSON.stringify(declared.parse(reply)),
      };
    },
  };
}

type Replies = Pick<Contract<unknown, unknown, unknown, unknown, unknown>, 'returns' | 'status' | 'otherReplies'>;

const defaultStatusOf = ({ status = 200 }: Replies): number => status;

const replySchemaFor = (replies: Replies, status = defaultStatusOf(replies)): z.ZodMiniType | undefined =>
  status === defaultStatusOf(replies) ? replies.returns : replies.otherReplies?.[status];

const bodySchemaFor = <B>(body: z.ZodMiniType<B> | OneOf<B>, value: unknown): z.ZodMiniType<B> =>
  'oneOf' in body ? body.closest(value) : body;

/** Links are written as paths; they leave with the configured base, never with the stage's. */
function withAbsoluteLinks(headers: Readonly<Record<string, string>>, baseUrl: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => {
      if (name === 'Location') return [name, baseUrl + value];
      if (name === 'Link') return [name, value.replace(/<(\/[^>]*)>/g, `<${baseUrl}$1>`)];
      return [name, value];
    }),
  );
}
