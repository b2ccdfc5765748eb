import { Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { Access } from './access.ts';
import { Context } from './context.ts';
import { type EnvSchema, ServiceFunction, type ValuesOf } from './service-function.ts';

/** Operation → `METHOD /path/{param}`, as `lambdas/<context>/routes.ts` exports it. */
export type RouteTable = Readonly<Record<string, `${string} /${string}`>>;

export interface ContextApiProps<S extends EnvSchema> {
  /** `orders/api.ts`, which answers every route of the table. */
  readonly entry: string;
  readonly routes: RouteTable;
  readonly env: S;
  readonly values: ValuesOf<S>;
  readonly access?: readonly Access[];
}

/** All doors of one context, answered by one function (docs/adr/0004). The gateway gets the table from here. */
export class ContextApi<S extends EnvSchema = EnvSchema> extends Construct {
  readonly routes: RouteTable;
  readonly apiFunction: ServiceFunction;

  constructor(scope: Construct, id: string, { routes, ...props }: ContextApiProps<S>) {
    super(scope, id);
    this.routes = routes;
    this.apiFunction = new ServiceFunction(this, 'Function', {
      ...props,
      description: `Answers ${Object.values(routes).join(', ')}`.slice(0, 256),
      given: { BASE_URL: Context.of(this).config.api.baseUrl },
      // below the gateway's own 29 s, so that the caller hears from us
      timeout: Duration.seconds(20),
      // processor time comes with memory, and somebody is waiting
      memoryMb: 1024,
    });
  }
}
