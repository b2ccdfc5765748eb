import type { ServerResponse } from 'node:http';

/** An error of the gateway itself, in the form of all the others. */
export function sendProblem(response: ServerResponse, status: number, code: string, detail: string): void {
  const titles: Record<number, string> = {
    404: 'Not Found',
    413: 'Content Too Large',
    502: 'Bad Gateway',
    503: 'Service Unavailable',
  };
  const correlation = crypto.randomUUID();
  const body = JSON.stringify({ title: titles[status] ?? 'Error', status, detail, code, correlation_id: correlation });
  response.writeHead(status, { 'content-type': 'application/problem+json', 'x-correlation-id': correlation });
  response.end(body);
}
