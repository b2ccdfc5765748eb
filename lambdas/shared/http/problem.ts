import type { APIGatewayProxyResult } from 'aws-lambda';
import { AlreadyDone, Busy, Rejected } from '../runtime/errors.ts';

/** One fault of the input: where, and what is wrong there. */
export interface FieldError {
  readonly path: string;
  readonly message: string;
}

/** Bad input, with all of its faults at once. */
export class InvalidInput extends Error {
  override readonly name = 'BadInput';
  readonly errors: readonly FieldError[];

  constructor(faults: readonly FieldError[]) {
    super('the request is not valid');
    this.errors = faults;
  }
}

/** A refusal by the door itself, before any domain was asked. */
export class HttpError extends Error {
  override readonly name = 'DoorProblem';
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  413: 'Content Too Large',
  422: 'Unprocessable Content',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

interface Problem {
  status: number;
  code: string;
  detail: string;
  headers?: Readonly<Record<string, string>>;
  errors?: readonly FieldError[];
}

/** The one place where an error becomes a reply (RFC 9457). What is not known here is ours, and says nothing of itself. */
export function toProblemResponse(error: unknown, correlationId: string): APIGatewayProxyResult {
  const { status, code, detail, headers, errors } = toProblem(error);
  return {
    statusCode: status,
    headers: { 'Content-Type': 'application/problem+json', 'X-Correlation-Id': correlationId, ...headers },
    body: JSON.stringify({
      type: 'about:blank',
      title: TITLES[status] ?? 'Error',
      status,
      detail,
      code,
      correlation_id: correlationId,
      ...(errors ? { errors } : {}),
    }),
  };
}

function toProblem(error: unknown): Problem {
  if (error instanceof InvalidInput)
    return { status: 400, code: 'invalid_request', detail: error.message, errors: error.errors };
  if (error instanceof HttpError)
    return { status: error.status, code: error.code, detail: error.message, headers: error.headers };
  if (error instanceof Rejected) return { status: error.status, code: error.code, detail: error.message };
  if (error instanceof AlreadyDone)
    return { status: 409, code: 'already_done', detail: 'this has been decided before; nothing was changed' };
  if (error instanceof Busy)
    return {
      status: 503,
      code: 'busy',
      detail: 'too many changes of the same thing at once; nothing was done, try again',
      headers: { 'Retry-After': '1' },
    };
  return { status: 500, code: 'internal', detail: 'something went wrong on our side; nothing of it is your fault' };
}
