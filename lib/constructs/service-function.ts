import { ArnFormat, Duration, RemovalPolicy } from 'aws-cdk-lib';
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Code, Function as LambdaFunction, Runtime, Tracing } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type * as z from 'zod/mini';
import { bundleOf } from '../bundle.ts';
import { nameOf } from '../config.ts';
import { type Access, arnOf, chaosParameter, readsChaos, statementsOf } from './access.ts';
import { Context } from './context.ts';
import { suppress } from './suppress.ts';

/** What an `env.ts` exports: variables, each of them a string. */
export type EnvSchema = z.ZodMiniObject<Readonly<Record<string, z.ZodMiniType<string>>>>;

/** A value for every variable that the schema names: a forgotten one does not compile. */
export type ValuesOf<S extends EnvSchema> = { readonly [Name in keyof S['shape']]: string };

export interface ServiceFunctionProps<S extends EnvSchema> {
  /** The handler's file below `lambdas/`, `orders/api.ts`. It names the function, its logs and its service. */
  readonly entry: string;
  readonly description: string;
  /** What the handler reads from its environment at cold start. */
  readonly env: S;
  readonly values: ValuesOf<S>;
  readonly access?: readonly Access[];
  /** Variables that a construct gives to all of its kind, beside the handler's own. */
  readonly given?: Readonly<Record<string, string>>;
  readonly timeout?: Duration;
  readonly memoryMb?: number;
  /** Chaos reaches every function where the stage has it, save one that has no work to disturb. */
  readonly chaos?: false;
}

/**
 * A handler as a function: its bundle, its own role with nothing but what `access` says, its log group. The name is
 * `oncebox-<stage>-<context>-<file>`, so that a function, a log group, an alarm and a file find each other.
 */
export class ServiceFunction<S extends EnvSchema = EnvSchema> extends Construct {
  readonly function: LambdaFunction;
  readonly name: string;
  /** By name: other stacks may use it without importing anything. */
  readonly arn: string;

  constructor(scope: Construct, id: string, props: ServiceFunctionProps<S>) {
    super(scope, id);
    const context = Context.of(this);
    const { config } = context;
    const [service = '', file = ''] = props.entry.replace(/\.ts$/, '').split('/');
    this.name = nameOf(config, service, file);
    this.arn = arnOf(this, 'lambda', 'function', this.name, ArnFormat.COLON_RESOURCE_NAME);

    const logGroup = new LogGroup(this, 'Logs', {
      logGroupName: `/aws/lambda/${this.name}`,
      retention: config.logRetentionDays as RetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const hearsChaos = config.chaos !== undefined && props.chaos !== false;
    const access: Access[] = [
      // the group's own ARN covers its streams
      { actions: ['logs:CreateLogStream', 'logs:PutLogEvents'], resources: [logGroup.logGroupArn] },
      ...(props.access ?? []),
      ...(hearsChaos ? [readsChaos(this, config)] : []),
    ];
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      inlinePolicies: {
        Access: new PolicyDocument({
          statements: [...access.flatMap(statementsOf), ...(config.onAws ? [traces] : [])],
        }),
      },
    });
    if (config.onAws) suppress(role, wildcardFindings('X-Ray takes traces by no narrower resource'));

    this.function = new LambdaFunction(this, 'Function', {
      functionName: this.name,
      description: props.description,
      code: Code.fromAsset(bundleOf(props.entry).dir),
      handler: 'index.handler',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      timeout: props.timeout ?? Duration.seconds(15),
      memorySize: props.memoryMb ?? 512,
      logGroup,
      // all rights are in the role already; a mapping or a tracer has nothing to add
      role: role.withoutPolicyUpdates(),
      tracing: config.onAws ? Tracing.ACTIVE : Tracing.DISABLED,
      environment: {
        STAGE: config.stage,
        POWERTOOLS_SERVICE_NAME: service,
        POWERTOOLS_METRICS_NAMESPACE: 'Oncebox',
        POWERTOOLS_LOG_LEVEL: 'INFO',
        ...props.given,
        ...props.values,
        ...(hearsChaos ? { CHAOS_PARAMETER: chaosParameter(config) } : {}),
        ...(hearsChaos && config.chaosCachedForMs !== undefined
          ? { CHAOS_CACHED_FOR_MS: String(config.chaosCachedForMs) }
          : {}),
      },
    });
    suppress(this.function, synchronous);
    if (!config.onAws) suppress(this.function, { 'Serverless-LambdaTracing': 'there is nobody to send traces to' });
    context.functions.push(this);
  }
}

const traces = new PolicyStatement({
  actions: ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'],
  resources: ['*'],
});

/** The findings about a role that may do something everywhere, because AWS has no narrower word for it. */
export const wildcardFindings = (reason: string): Readonly<Record<string, string>> => ({
  'AwsSolutions-IAM5[Resource::*]': reason,
  'Serverless-LambdaStarPermissions': reason,
});

const synchronous = {
  'Serverless-LambdaDLQ':
    'called by API Gateway, a queue or a stream: a failed call goes back to its caller, and queues have DLQs',
  'Serverless-LambdaAsyncFailureDestination':
    'called by API Gateway, a queue or a stream, never asynchronously by events of its own',
};
