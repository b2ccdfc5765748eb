import type { ServerResponse } from 'node:http';
import { statusTitles } from '../lambdas/shared/http/status-titles.ts';

/** Sends an error of the gateway itself, in the same format as the errors of the API. */
export function sendProblem(response: ServerResponse, status: number, code: string, detail: string): void {
  const correlationId = crypto.randomUUID();
  const problem = {
    type: 'about:blank',
    title: statusTitles[status] ?? 'Error',
    status,
    detail,
    code,
    correlation_id: correlationId,
  };
  response.writeHead(status, { 'content-type': 'application/problem+json', 'x-correlation-id': correlationId });
  response.end(JSON.stringify(problem));
}
