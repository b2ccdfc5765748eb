import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import * as z from 'zod/mini';
import type { Clock } from './clock.ts';
import { checkKey, type Making, makingOf } from './idempotency.ts';
import { BadInput, DoorProblem, type Fault } from './problem.ts';
import { check, gather, header, jsonBody, pathParams, queryParams } from './request.ts';

/** What a door takes and gives. The reply is parsed by `returns`, so only declared fields leave. */
export interface Contract<P, Q, B, R> {
  readonly params?: z.ZodMiniType<P>;
  readonly query?: z.ZodMiniType<Q>;
  readonly body?: z.ZodMiniType<B>;
  readonly returns: z.ZodMiniType<R>;
  /** 200 unless said otherwise. */
  readonly status?: number;
  /** What the reply says in its head beside what every reply does: for the API's description. */
  readonly headers?: readonly 'X-Cache'[];
}

export interface Request<P, Q, B> {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  /** The thread of this request; what it causes names it. */
  readonly correlationId: string;
  readonly now: number;
  /** Contention is given up then. */
  readonly deadline: number;
  /** The identity of what this caller makes by this request, by its Idempotency-Key where it has one. */
  making(caller: string): Making;
}

/** A reply with more than its body. */
export class Answer<R> {
  readonly body: R;
  readonly headers: Readonly<Record<string, string>>;

  constructor(body: R, headers: Readonly<Record<string, string>>) {
    this.body = body;
    this.headers = headers;
  }
}

/** What was made by this request before, told again. */
export const replayed: Readonly<Record<string, string>> = { 'Idempotency-Replayed': 'true' };

/** The footing of a route: its context's services, time, and where links point. */
export interface RouteRuntime<Deps> {
  readonly deps: (request: { deadline: number }) => Deps;
  readonly clock: Clock;
  readonly baseUrl: string;
}

export interface Route<Deps> {
  readonly contract: Contract<unknown, unknown, unknown, unknown>;
  answer(
    name: string,
    event: APIGatewayProxyEvent,
    correlationId: string,
    runtime: RouteRuntime<Deps>,
  ): Promise<APIGatewayProxyResult>;
}

const told = ({ path, message }: Fault): string => `${path}: ${message}`;

/** A caller waits no longer for contention to end. */
const PATIENCE_MS = 5000;
const nothing = z.strictObject({});

export function route<Deps, R, P = Record<string, never>, Q = Record<string, never>, B = undefined>(
  contract: Contract<P, Q, B, R>,
  act: (request: Request<P, Q, B>, deps: Deps) => Promise<R | Answer<R>>,
): Route<Deps> {
  return {
    contract: contract as Contract<unknown, unknown, unknown, unknown>,
    answer: async (name, event, correlationId, { deps, clock, baseUrl }) => {
      const faults: Fault[] = [];
      const key = gather(() => checkKey(header(event, 'Idempotency-Key')), faults);
      const json = contract.body && gather(() => jsonBody(event), faults);
      const unknown: Fault[] = [];
      const params = check<unknown>(
        contract.params ?? nothing,
        gather(() => pathParams(event), unknown),
        unknown,
      );
      const query = check<unknown>(
        contract.query ?? nothing,
        gather(() => queryParams(event), faults),
        faults,
      );
      const body = contract.body && check<unknown>(contract.body, json, faults);
      if (faults.length > 0) throw new BadInput([...unknown, ...faults]);
      // nothing of ours is named like that, so it is as little there as any other unknown thing
      if (unknown.length > 0) throw new DoorProblem(404, 'not_found', unknown.map(told).join('; '));
      const now = clock.now();
      const deadline = now + PATIENCE_MS;
      const request = {
        params,
        query,
        body,
        correlationId,
        now,
        deadline,
        making: (caller: string) => makingOf(name, caller, key, json),
      } as Request<P, Q, B>;
      const answered = await act(request, deps({ deadline }));
      const { body: reply, headers } = answered instanceof Answer ? answered : new Answer(answered, {});
      return {
        statusCode: contract.status ?? 200,
        headers: {
          'Content-Type': 'application/json',
          'X-Correlation-Id': correlationId,
          ...absolute(headers, baseUrl),
        },
        body: JSON.stringify(contract.returns.parse(reply)),
      };
    },
  };
}

/** Links are written as paths; they leave with the configured base, never with the stage's. */
function absolute(headers: Readonly<Record<string, string>>, baseUrl: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => {
      if (name === 'Location') return [name, baseUrl + value];
      if (name === 'Link') return [name, value.replace(/<(\/[^>]*)>/g, `<${baseUrl}$1>`)];
      return [name, value];
    }),
  );
}
