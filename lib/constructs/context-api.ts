import { Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { API_TIMEOUT_S } from '../limits.ts';
import { allowApi } from './api-permission.ts';
import { Context } from './context.ts';
import { type EnvSchema, ServiceFunction, type ServiceFunctionProps } from './service-function.ts';

/** Routes by operation name, each as `METHOD /path/{param}`. `lambdas/<context>/routes.ts` exports them. */
export type RouteTable = Readonly<Record<string, `${string} /${string}`>>;

interface ContextApiProps<S extends EnvSchema> extends Pick<ServiceFunctionProps<S>, 'env' | 'values' | 'access'> {
  readonly routes: RouteTable;
}

/**
 * The function `api.ts`, which handles all routes of one context (docs/adr/0004), and the routes for the public API.
 */
export class ContextApi<S extends EnvSchema = EnvSchema> extends Construct {
  readonly routes: RouteTable;
  readonly apiFunction: ServiceFunction;

  constructor(scope: Construct, { routes, ...props }: ContextApiProps<S>) {
    super(scope, 'Api');
    const { name, config } = Context.of(this);
    this.routes = routes;
    this.apiFunction = new ServiceFunction(this, 'Function', {
      ...props,
      entry: `${name}/api.ts`,
      invokedBy: 'api',
      description: `Handles ${Object.values(routes).join(', ')}`.slice(0, 256),
      extraValues: {
        BASE_URL: config.api.baseUrl,
        IDEMPOTENCY_KEY: config.api.requiresKey ? 'required' : 'optional',
      },
      timeout: Duration.seconds(API_TIMEOUT_S),
      // Lambda assigns CPU in proportion to memory, and a caller waits for the response.
      memoryMb: 1024,
    });
    for (const [operation, route] of Object.entries(routes)) allowApi(this.apiFunction, operation, route, config);
  }
}
