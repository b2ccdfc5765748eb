import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import * as z from 'zod/mini';
import type { Clock, Deadline } from '../runtime/clock.ts';
import { Busy, OutcomeUnknown } from '../runtime/errors.ts';
import {
  createRequestIdentity,
  type RequestIdentity,
  requireIdempotencyKey,
  validateIdempotencyKey,
} from './idempotency.ts';
import { addLinkBase, linkPrefixOf } from './links.ts';
import { type FieldError, HttpError, InvalidInput } from './problem.ts';
import { collectErrors, header, parseJsonBody, pathParams, queryParams, readBody, validate } from './request.ts';

/** The schemas of a request and of its responses. A response is parsed by its schema, so only declared fields leave. */
export interface Contract<P, Q, B, R, A = never> {
  readonly params?: z.ZodMiniType<P>;
  readonly query?: z.ZodMiniType<Q>;
  readonly body?: z.ZodMiniType<B>;
  readonly returns: z.ZodMiniType<R>;
  /** The status of the response, 200 by default. */
  readonly status?: number;
  readonly otherResponses?: Readonly<Record<number, z.ZodMiniType<A>>>;
  /** Headers that the responses of this route carry in addition, for the OpenAPI document. */
  readonly headers?: readonly string[];
}

export interface Request<P, Q, B> extends Deadline {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  /** The body as it was sent. */
  readonly text: string;
  /** The correlation id of this request. It becomes the `causation_id` of the events that the request causes. */
  readonly correlationId: string;
  readonly now: number;
  /** Returns the identity of what this caller creates by this request. */
  identify(caller: string): RequestIdentity;
}

/** A body that is JSON text already. It is sent as it is, because parsing would round large numbers. */
export class RawJson {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** A response with headers, and with a status if it is not the route's default. */
export class HttpResponse<R> {
  readonly body: R;
  readonly headers: Readonly<Record<string, string>>;
  readonly status: number | undefined;

  constructor(body: R, headers: Readonly<Record<string, string>>, status?: number) {
    this.body = body;
    this.headers = headers;
    this.status = status;
  }
}

/** The header of a response that repeats the first response to an Idempotency-Key. */
export const replayedHeader: Readonly<Record<string, string>> = { 'Idempotency-Replayed': 'true' };

/** What routes run on: the dependencies of their context, a clock, and the base URL of links, if one is configured. */
export interface RouteRuntime<Deps> {
  readonly createDeps: (deadline: Deadline) => Deps;
  readonly clock: Clock;
  readonly baseUrl: string;
  /** Whether a request that creates something is rejected without an Idempotency-Key. */
  readonly requiresKey?: boolean;
}

/** The contract of a route without its types, for the OpenAPI document. */
export type AnyContract = Omit<Contract<unknown, unknown, unknown, unknown, unknown>, 'body'> & {
  readonly body?: z.ZodMiniType | { readonly oneOf: readonly z.ZodMiniType[] };
};

export interface Route<Deps> {
  readonly contract: AnyContract;
  respond(
    routeKey: string,
    event: APIGatewayProxyEvent,
    correlationId: string,
    runtime: RouteRuntime<Deps>,
  ): Promise<APIGatewayProxyResult>;
}

/** A request retries under contention for 5 s. Callers would not wait longer. */
const MAX_CONTENTION_MS = 5000;

/** Declares a route: parses the request by its contract, calls the handler, and sends what the contract declares. */
export function route<Deps, R, P = Record<string, never>, Q = Record<string, never>, B = undefined, A = never>(
  contract: Contract<P, Q, B, R, A>,
  handle: (request: Request<P, Q, B>, deps: Deps) => Promise<R | HttpResponse<R | A | RawJson>>,
): Route<Deps> {
  return {
    contract: contract as AnyContract,
    respond: async (routeKey, event, correlationId, { createDeps, clock, baseUrl, requiresKey }) => {
      const input = parseInput(contract, event);
      const now = clock.now();
      const deadlineMs = now + MAX_CONTENTION_MS;
      const request = {
        ...input,
        correlationId,
        now,
        deadlineMs,
        identify: (caller: string) => {
          if (requiresKey) requireIdempotencyKey(input.key);
          return createRequestIdentity(routeKey, caller, input.key, input.json);
        },
      } as unknown as Request<P, Q, B>;
      const returned = await handleOrThrow((deadline) => handle(request, createDeps(deadline)), deadlineMs);
      const response = returned instanceof HttpResponse ? returned : new HttpResponse(returned, {});
      return toResponse(routeKey, contract, response, { correlationId, linkBase: baseUrl || linkPrefixOf(event) });
    },
  };
}

/**
 * Runs the handler until the deadline. `Busy` means that nothing was changed, so after a write that was applied, or may
 * have been, the outcome is unknown instead.
 */
async function handleOrThrow<T>(handle: (deadline: Deadline) => Promise<T>, deadlineMs: number): Promise<T> {
  let mayBeWritten = false;
  const onWrite = () => {
    mayBeWritten = true;
  };
  try {
    return await handle({ deadlineMs, onWrite });
  } catch (error) {
    if (mayBeWritten && error instanceof Busy && !(error instanceof OutcomeUnknown))
      throw new OutcomeUnknown(`unfinished after a write: ${error.message}`, { cause: error });
    throw error;
  }
}

const noFields = z.strictObject({});

/** Parses all parts of the request and throws their errors together. */
function parseInput<P, Q, B>(contract: Contract<P, Q, B, unknown, unknown>, event: APIGatewayProxyEvent) {
  const errors: FieldError[] = [];
  const pathErrors: FieldError[] = [];
  const key = collectErrors(() => validateIdempotencyKey(header(event, 'Idempotency-Key')), errors);
  const text = contract.body && collectErrors(() => readBody(event), errors);
  const json = text === undefined ? undefined : collectErrors(() => parseJsonBody(text), errors);
  const rawParams = collectErrors(() => pathParams(event), pathErrors);
  const params = validate<unknown>(contract.params ?? noFields, rawParams, pathErrors);
  const rawQuery = collectErrors(() => queryParams(event), errors);
  const query = validate<unknown>(contract.query ?? noFields, rawQuery, errors);
  const body = contract.body && validate<unknown>(contract.body, json, errors);
  if (errors.length > 0) throw new InvalidInput([...pathErrors, ...errors]);
  // An id that breaks its schema names nothing that could exist, so the response is the same as for an unknown id.
  if (pathErrors.length > 0) throw new HttpError(404, 'not_found', pathErrors.map(describeFieldError).join('; '));
  return { key, text: text ?? '', json, params, query, body };
}

const describeFieldError = ({ path, message }: FieldError): string => `${path}: ${message}`;

function toResponse(
  routeKey: string,
  { returns, status: defaultStatus = 200, otherResponses }: Pick<AnyContract, 'returns' | 'status' | 'otherResponses'>,
  { body, headers, status = defaultStatus }: HttpResponse<unknown>,
  { correlationId, linkBase }: { correlationId: string; linkBase: string },
): APIGatewayProxyResult {
  const schema = status === defaultStatus ? returns : otherResponses?.[status];
  if (!schema) throw new Error(`${routeKey} does not declare the status ${status}`);
  return {
    statusCode: status,
    headers: {
      'Content-Type': 'application/json',
      'X-Correlation-Id': correlationId,
      ...addLinkBase(headers, linkBase),
    },
    body: body instanceof RawJson ? body.text : JSON.stringify(schema.parse(body)),
  };
}
