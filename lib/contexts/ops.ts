import type { Construct } from 'constructs';
import { opsRoutes } from '../../lambdas/ops/routes.ts';
import { FallbackEnv, NoEnv } from '../../lambdas/shared/runtime/env.ts';
import type { StageConfig } from '../config.ts';
import { allowApi } from '../constructs/api-permission.ts';
import { Context } from '../constructs/context.ts';
import { ContextApi } from '../constructs/context-api.ts';
import { ServiceFunction } from '../constructs/service-function.ts';
import { allRoutes, fallbackRoutes } from '../routes.ts';

/** Health check, API document, and the responses to requests without a route. */
export class Ops extends Context {
  readonly fallback: ServiceFunction;

  constructor(scope: Construct, config: StageConfig) {
    super(scope, 'Ops', { config, errorImpact: 'Health checks and the API document are unavailable' });

    new ContextApi(this, { routes: opsRoutes, env: NoEnv, values: {} });
    this.fallback = new ServiceFunction(this, 'Fallback', {
      entry: 'ops/fallback.ts',
      invokedBy: 'api',
      description: 'Responds to requests without a route: 404, or 405 with the supported methods',
      env: FallbackEnv,
      values: { ROUTES: Object.values(allRoutes).join(',') },
      chaos: false,
    });
    for (const [operation, route] of Object.entries(fallbackRoutes)) allowApi(this.fallback, operation, route, config);
  }
}
