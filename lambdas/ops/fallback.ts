import middy from '@middy/core';
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import { HttpError, toProblemResponse } from '../shared/http/problem.ts';
import { correlationIdOf } from '../shared/http/request.ts';
import { FallbackEnv, readEnv } from '../shared/runtime/env.ts';
import { logger, observability } from '../shared/runtime/observability.ts';

/** Creates the error of a request without a route: 405 if another method of its path has one, else 404. */
export function createRoutingError(method: string, path: string, routes: readonly string[]): HttpError {
  const methods = routes
    .map((route) => route.split(' ') as [string, string])
    .filter(([, template]) => matches(template, path))
    .map(([allowedMethod]) => allowedMethod);
  if (methods.length === 0) return new HttpError(404, 'not_found', `No route matches ${method} ${path}.`);
  const allow = [...new Set(methods)].sort().join(', ');
  return new HttpError(405, 'method_not_allowed', `${path} does not support ${method}.`, { Allow: allow });
}

function matches(template: string, path: string): boolean {
  const segments = path.split('/').filter(Boolean);
  const expected = template.split('/').filter(Boolean);
  return (
    expected.length === segments.length &&
    expected.every((segment, index) => segment.startsWith('{') || segment === segments[index])
  );
}

/** Returns the path as routes define it. On a custom domain, `event.path` starts with the base path of the mapping. */
export const pathOf = ({ pathParameters }: APIGatewayProxyEvent): string => `/${pathParameters?.['proxy'] ?? ''}`;

let routes: readonly string[] | undefined;

export const handler = middy<APIGatewayProxyEvent, APIGatewayProxyResult>()
  .use(observability())
  .handler(async (event) => {
    routes ??= readEnv(FallbackEnv).ROUTES.split(',');
    const correlationId = correlationIdOf(event);
    const path = pathOf(event);
    // Not the path: a caller may have put anything into it.
    logger.info('no route matches the request', { correlation_id: correlationId, method: event.httpMethod });
    return toProblemResponse(createRoutingError(event.httpMethod, path, routes), correlationId);
  });
