import middy from '@middy/core';
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import { HttpError, toProblemResponse } from '../shared/http/problem.ts';
import { correlationIdOf } from '../shared/http/request.ts';
import { FallbackEnv, readEnv } from '../shared/runtime/env.ts';
import { logger, observability } from '../shared/runtime/observability.ts';

/** What no route takes: a path that is known with another method is 405, anything else 404. */
export function refuse(method: string, path: string, routes: readonly string[]): HttpError {
  const allowed = routes
    .map((route) => route.split(' ') as [string, string])
    .filter(([, template]) => matches(template, path));
  if (allowed.length === 0) return new HttpError(404, 'not_found', `${path} leads nowhere`);
  const methods = [...new Set(allowed.map(([allowedMethod]) => allowedMethod))].sort().join(', ');
  return new HttpError(405, 'method_not_allowed', `${path} does not take ${method}`, { Allow: methods });
}

function matches(template: string, path: string): boolean {
  const parts = path.split('/').filter(Boolean);
  const wanted = template.split('/').filter(Boolean);
  return wanted.length === parts.length && wanted.every((part, at) => part.startsWith('{') || part === parts[at]);
}

/** As the routes say it: `event.path` of a custom domain has the base path of its mapping before it. */
export const pathOf = ({ pathParameters }: APIGatewayProxyEvent): string => `/${pathParameters?.['proxy'] ?? ''}`;

let routes: readonly string[] | undefined;

export const handler = middy<APIGatewayProxyEvent, APIGatewayProxyResult>()
  .use(observability())
  .handler(async (event) => {
    routes ??= readEnv(FallbackEnv).ROUTES.split(',');
    const correlationId = correlationIdOf(event);
    const path = pathOf(event);
    logger.info('no route', { correlation_id: correlationId, method: event.httpMethod, path });
    return toProblemResponse(refuse(event.httpMethod, path, routes), correlationId);
  });
