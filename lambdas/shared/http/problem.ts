import type { APIGatewayProxyResult } from 'aws-lambda';
import { AlreadyDone, Busy, OutcomeUnknown, Rejected } from '../runtime/errors.ts';
import { internalError, outcomeUnknown, statusTitles } from './problem-texts.ts';

export interface FieldError {
  readonly path: string;
  readonly message: string;
}

/** The input is invalid. It carries all errors, so that the caller can correct them at once. */
export class InvalidInput extends Error {
  override readonly name = 'InvalidInput';
  readonly errors: readonly FieldError[];

  constructor(errors: readonly FieldError[]) {
    super('The request is not valid.');
    this.errors = errors;
  }
}

/** The HTTP layer rejects the request before the domain is called. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
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

interface Problem {
  status: number;
  code: string;
  detail: string;
  headers?: Readonly<Record<string, string>>;
  errors?: readonly FieldError[];
  members?: Readonly<Record<string, unknown>>;
}

/** Turns any error into a problem document (RFC 9457). An unknown error is a 500 that reveals nothing about itself. */
export function toProblemResponse(error: unknown, correlationId: string): APIGatewayProxyResult {
  const { status, code, detail, headers, errors, members } = toProblem(error);
  return {
    statusCode: status,
    headers: { 'Content-Type': 'application/problem+json', 'X-Correlation-Id': correlationId, ...headers },
    body: JSON.stringify({
      type: 'about:blank',
      title: statusTitles[status] ?? 'Error',
      status,
      detail,
      code,
      correlation_id: correlationId,
      ...(errors ? { errors } : {}),
      ...members,
    }),
  };
}

function toProblem(error: unknown): Problem {
  if (error instanceof InvalidInput)
    return { status: 400, code: 'invalid_request', detail: error.message, errors: error.errors };
  if (error instanceof HttpError)
    return { status: error.status, code: error.code, detail: error.message, headers: error.headers };
  if (error instanceof Rejected)
    return { status: error.status, code: error.code, detail: error.message, members: error.members };
  if (error instanceof AlreadyDone)
    return { status: 409, code: 'already_done', detail: 'The request was processed before. Nothing was changed.' };
  if (error instanceof OutcomeUnknown)
    return { status: 503, code: 'outcome_unknown', detail: outcomeUnknown, headers: { 'Retry-After': '1' } };
  if (error instanceof Busy)
    return {
      status: 503,
      code: 'busy',
      detail:
        'The request did not finish in time, because its data is contended or a table is unavailable. Nothing was changed. Send it again.',
      headers: { 'Retry-After': '1' },
    };
  return { status: 500, code: 'internal', detail: internalError };
}
