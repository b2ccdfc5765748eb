import type { ServerResponse } from 'node:http';
import { HttpError, toProblemResponse } from '../lambdas/shared/http/problem.ts';

/** Sends an error of the gateway itself, in the same format as the errors of the API. */
export function sendProblem(response: ServerResponse, status: number, code: string, detail: string): void {
  const { statusCode, headers, body } = toProblemResponse(new HttpError(status, code, detail), crypto.randomUUID());
  for (const [name, value] of Object.entries(headers ?? {})) response.setHeader(name, String(value));
  response.writeHead(statusCode);
  response.end(body);
}
