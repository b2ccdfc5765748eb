import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import * as z from 'zod/mini';
import type { Clock } from './clock.ts';
import { checkKey, type Making, makingOf } from './idempotency.ts';
import type { OneOf } from './one-of.ts';
import { BadInput, DoorProblem, type Fault } from './problem.ts';
import { bodyText, check, gather, header, jsonIn, pathParams, queryParams } from './request.ts';

/** What a door takes and gives. The reply is parsed by what is declared for its status, so only declared fields leave. */
export interface Contract<P, Q, B, R, A = never> {
  readonly params?: z.ZodMiniType<P>;
  readonly query?: z.ZodMiniType<Q>;
  readonly body?: z.ZodMiniType<B> | OneOf<B>;
  readonly returns: z.ZodMiniType<R>;
  /** 200 unless said otherwise. */
  readonly status?: number;
  /** What else it may answer, by status. */
  readonly also?: Readonly<Record<number, z.ZodMiniType<A>>>;
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
  readonly deadline: number;
  /** The identity of what this caller makes by this request, by its Idempotency-Key where it has one. */
  making(caller: string): Making;
}

/** A body that is JSON already and leaves as it is: whoever kept it has checked it, and parsing would round its numbers. */
export class JsonText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** A reply with more than its body. */
export class Answer<R> {
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
export const replayed: Readonly<Record<string, string>> = { 'Idempotency-Replayed': 'true' };

/** The footing of a route: its context's services, time, and where links point. */
export interface RouteRuntime<Deps> {
  readonly deps: (request: { deadline: number }) => Deps;
  readonly clock: Clock;
  readonly baseUrl: string;
}

export interface Route<Deps> {
  readonly contract: Contract<unknown, unknown, unknown, unknown, unknown>;
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

export function route<Deps, R, P = Record<string, never>, Q = Record<string, never>, B = undefined, A = never>(
  contract: Contract<P, Q, B, R, A>,
  act: (request: Request<P, Q, B>, deps: Deps) => Promise<R | Answer<R | A | JsonText>>,
): Route<Deps> {
  return {
    contract: contract as Contract<unknown, unknown, unknown, unknown, unknown>,
    answer: async (name, event, correlationId, { deps, clock, baseUrl }) => {
      const faults: Fault[] = [];
      const key = gather(() => checkKey(header(event, 'Idempotency-Key')), faults);
      const text = contract.body && gather(() => bodyText(event), faults);
      const json = text === undefined ? undefined : gather(() => jsonIn(text), faults);
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
      const body = contract.body && check<unknown>(kindOf(contract.body, json), json, faults);
      if (faults.length > 0) throw new BadInput([...unknown, ...faults]);
      // nothing of ours is named like that, so it is as little there as any other unknown thing
      if (unknown.length > 0) throw new DoorProblem(404, 'not_found', unknown.map(told).join('; '));
      const now = clock.now();
      const deadline = now + PATIENCE_MS;
      const request = {
        params,
        query,
        body,
        text: text ?? '',
        correlationId,
        now,
        deadline,
        making: (caller: string) => makingOf(name, caller, key, json),
      } as Request<P, Q, B>;
      const answered = await act(request, deps({ deadline }));
      const { body: reply, headers, status } = answered instanceof Answer ? answered : new Answer(answered, {});
      const declared = declaredFor(contract, status);
      if (!declared) throw new Error(`${name} does not say that it answers ${status}`);
      return {
        statusCode: status ?? usualOf(contract),
        headers: {
          'Content-Type': 'application/json',
          'X-Correlation-Id': correlationId,
          ...absolute(headers, baseUrl),
        },
        body: reply instanceof JsonText ? reply.text : JSON.stringify(declared.parse(reply)),
      };
    },
  };
}

type Replies = Pick<Contract<unknown, unknown, unknown, unknown, unknown>, 'returns' | 'status' | 'also'>;

const usualOf = ({ status = 200 }: Replies): number => status;

const declaredFor = (replies: Replies, status = usualOf(replies)): z.ZodMiniType | undefined =>
  status === usualOf(replies) ? replies.returns : replies.also?.[status];

const kindOf = <B>(body: z.ZodMiniType<B> | OneOf<B>, value: unknown): z.ZodMiniType<B> =>
  'oneOf' in body ? body.closest(value) : body;

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
