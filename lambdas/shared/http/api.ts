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
  /** Every door with its contract: what the OpenAPI document is made from. */
  readonly routes: ReadonlyMap<string, Route<Deps>>;
  /** The same doors on another footing: memory adapters, a virtual clock. */
  withRuntime(runtime: RouteRuntime<Deps>): (event: APIGatewayProxyEvent) => Promise<APIGatewayProxyResult>;
}

/** All doors of one context behind one function; each operation of the table has its route, or it does not compile. */
export function createApi<const T extends Readonly<Record<string, string>>, Deps>(
  table: T,
  routes: { readonly [Operation in keyof T]: Route<Deps> },
  createDeps: () => RouteRuntime<Deps>['createDeps'],
): Api<Deps> {
  const doors = new Map(Object.entries(table).map(([operation, door]) => [door, routes[operation as keyof T]]));

  const run = async (event: APIGatewayProxyEvent, runtime: RouteRuntime<Deps>): Promise<APIGatewayProxyResult> => {
    const correlationId = correlationIdOf(event);
    const door = `${event.httpMethod} ${event.resource}`;
    logger.appendKeys({ correlation_id: correlationId, route: door });
    const reply = await answer(doors.get(door), door, event, correlationId, runtime);
    logger.info('answered', { status: reply.statusCode });
    return reply;
  };

  let lambda: RouteRuntime<Deps> | undefined;
  const handler = middy<APIGatewayProxyEvent, APIGatewayProxyResult>()
    .use(observability())
    .handler(async (event) => {
      lambda ??= { createDeps: createDeps(), clock: systemClock, baseUrl: readEnv(ApiEnv).BASE_URL };
      await readChaos();
      return run(event, lambda);
    });
  return Object.assign(handler as unknown as Api<Deps>, {
    routes: doors,
    withRuntime: (runtime: RouteRuntime<Deps>) => (event: APIGatewayProxyEvent) => run(event, runtime),
  });
}

async function answer<Deps>(
  route: Route<Deps> | undefined,
  door: string,
  event: APIGatewayProxyEvent,
  correlationId: string,
  runtime: RouteRuntime<Deps>,
): Promise<APIGatewayProxyResult> {
  try {
    if (!route) throw new HttpError(404, 'not_found', `${door} leads nowhere`);
    return await route.respond(door, event, correlationId, runtime);
  } catch (error) {
    const reply = toProblemResponse(error, correlationId);
    if (reply.statusCode >= 500) logger.error('request failed', { error: error as Error });
    return reply;
  }
}
