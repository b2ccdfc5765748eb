import middy from '@middy/core';
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import { readChaos } from '../runtime/chaos.ts';
import { systemClock } from '../runtime/clock.ts';
import { ApiEnv, readEnv } from '../runtime/env.ts';
import { logger, observability } from '../runtime/observability.ts';
import { HttpError, toProblemResponse } from './problem.ts';
import { correlationIdOf } from './request.ts';
import type { Route, RouteRuntime } from './route.ts';

export interface Api<Deps> {
  (event: APIGatewayProxyEvent): Promise<APIGatewayProxyResult>;
  /** The routes by `METHOD /path`. The OpenAPI document is generated from their contracts. */
  readonly routes: ReadonlyMap<string, Route<Deps>>;
  /** Returns the same API on another runtime, for example with memory adapters and a virtual clock. */
  withRuntime(runtime: RouteRuntime<Deps>): (event: APIGatewayProxyEvent) => Promise<APIGatewayProxyResult>;
}

/**
 * Creates the Lambda handler for all routes of a context. An operation of the table without a route does not compile.
 */
export function createApi<const T extends Readonly<Record<string, string>>, Deps>(
  table: T,
  routesByOperation: { readonly [Operation in keyof T]: Route<Deps> },
  createDeps: () => RouteRuntime<Deps>['createDeps'],
): Api<Deps> {
  const routes = new Map(
    Object.entries(table).map(([operation, routeKey]) => [routeKey, routesByOperation[operation as keyof T]]),
  );

  const respond: Route<Deps>['respond'] = async (routeKey, event, correlationId, runtime) => {
    try {
      const route = routes.get(routeKey);
      if (!route) throw new HttpError(404, 'not_found', `No route matches ${routeKey}.`);
      return await route.respond(routeKey, event, correlationId, runtime);
    } catch (error) {
      const response = toProblemResponse(error, correlationId);
      if (response.statusCode >= 500) logger.error('request failed', { error: error as Error });
      return response;
    }
  };

  const run = async (event: APIGatewayProxyEvent, runtime: RouteRuntime<Deps>): Promise<APIGatewayProxyResult> => {
    const correlationId = correlationIdOf(event);
    const routeKey = `${event.httpMethod} ${event.resource}`;
    logger.appendKeys({ correlation_id: correlationId, route: routeKey });
    const response = await respond(routeKey, event, correlationId, runtime);
    logger.info('request completed', { status: response.statusCode });
    return response;
  };

  let lambdaRuntime: RouteRuntime<Deps> | undefined;
  const handler = middy<APIGatewayProxyEvent, APIGatewayProxyResult>()
    .use(observability())
    .handler(async (event) => {
      lambdaRuntime ??= createLambdaRuntime(createDeps());
      await readChaos();
      return run(event, lambdaRuntime);
    });
  return Object.assign(handler as unknown as Api<Deps>, {
    routes,
    withRuntime: (runtime: RouteRuntime<Deps>) => (event: APIGatewayProxyEvent) => run(event, runtime),
  });
}

function createLambdaRuntime<Deps>(createDeps: RouteRuntime<Deps>['createDeps']): RouteRuntime<Deps> {
  const { BASE_URL, IDEMPOTENCY_KEY } = readEnv(ApiEnv);
  return { createDeps, clock: systemClock, baseUrl: BASE_URL, requiresKey: IDEMPOTENCY_KEY === 'required' };
}
