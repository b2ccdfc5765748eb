import { ArnFormat, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  Architecture,
  Code,
  Function as LambdaFunction,
  RecursiveLoop,
  Runtime,
  Tracing,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type * as z from 'zod/mini';
import { findBundle } from '../bundle.ts';
import { nameOf, type StageConfig } from '../config.ts';
import { DEFAULT_TIMEOUT_S } from '../limits.ts';
import { type Access, chaosParameterName, readsChaos, toStatements } from './access.ts';
import { Context, type Invoker } from './context.ts';
import { suppress } from './suppress.ts';

/** The schema that an `env.ts` exports. Each variable is a string. */
export type EnvSchema = z.ZodMiniObject<Readonly<Record<string, z.ZodMiniType<string>>>>;

/** A value for each variable of the schema. A missing value does not compile. */
export type ValuesOf<S extends EnvSchema> = { readonly [Name in keyof S['shape']]: string };

export interface ServiceFunctionProps<S extends EnvSchema> {
  /** The handler's file below `lambdas/`, such as `orders/api.ts`. It names the function, its logs and its service. */
  readonly entry: string;
  readonly description: string;
  readonly invokedBy: Invoker;
  /** The variables that the handler reads from its environment at cold start. */
  readonly env: S;
  readonly values: ValuesOf<S>;
  readonly access?: readonly Access[];
  /** Variables that a construct adds to the handler's own. */
  readonly extraValues?: Readonly<Record<string, string>>;
  readonly timeout?: Duration;
  readonly memoryMb?: number;
  /** Excludes the function from the stage's chaos. By default every function reads the chaos parameter. */
  readonly chaos?: false;
}

/**
 * A handler as a Lambda function with its bundle, its log group, and a role that allows `access` and no more. Its name
 * is `oncebox-<stage>-<context>-<file>`, so that function, log group, alarm and file are easy to match.
 */
export class ServiceFunction<S extends EnvSchema = EnvSchema> extends Construct {
  readonly function: LambdaFunction;
  readonly name: string;
  readonly invokedBy: Invoker;
  /** The ARN, composed of the name, so that other stacks can use it without an export. */
  readonly arn: string;

  constructor(scope: Construct, id: string, props: ServiceFunctionProps<S>) {
    super(scope, id);
    const context = Context.of(this);
    const { config } = context;
    const [service = '', file = ''] = props.entry.replace(/\.ts$/, '').split('/');
    this.name = nameOf(config, service, file);
    this.invokedBy = props.invokedBy;
    this.arn = Stack.of(this).formatArn({
      service: 'lambda',
      resource: 'function',
      resourceName: this.name,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
    const hasChaos = config.chaos !== undefined && props.chaos !== false;
    const logGroup = new LogGroup(this, 'Logs', {
      logGroupName: `/aws/lambda/${this.name}`,
      retention: config.logRetentionDays as RetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    // A schedule runs 44,000 times a month, also if nobody uses the stage. Its log shows the duration of each run.
    const isTraced = config.onAws && props.invokedBy !== 'schedule';
    const role = this.createRole(isTraced, [
      // The ARN of the log group covers its streams.
      { actions: ['logs:CreateLogStream', 'logs:PutLogEvents'], resources: [logGroup.logGroupArn] },
      ...(props.access ?? []),
      ...(hasChaos ? [readsChaos(this, config)] : []),
    ]);
    this.function = new LambdaFunction(this, 'Function', {
      functionName: this.name,
      description: props.description,
      code: Code.fromAsset(findBundle(props.entry).dir),
      handler: 'index.handler',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      timeout: props.timeout ?? Duration.seconds(DEFAULT_TIMEOUT_S),
      memorySize: props.memoryMb ?? 512,
      logGroup,
      // The role has all permissions already. Event source mappings and tracing must not add more.
      role: role.withoutPolicyUpdates(),
      tracing: isTraced ? Tracing.ACTIVE : Tracing.DISABLED,
      ...(props.invokedBy === 'queue' ? requeues : {}),
      environment: {
        STAGE: config.stage,
        POWERTOOLS_SERVICE_NAME: service,
        POWERTOOLS_LOG_LEVEL: 'INFO',
        ...props.extraValues,
        ...props.values,
        ...(hasChaos ? chaosValues(config) : {}),
      },
    });
    suppress(this.function, { 'Serverless-LambdaDLQ': failureHandling[props.invokedBy] });
    if (!isTraced)
      suppress(this.function, { 'Serverless-LambdaTracing': 'Schedules and local stages have no traces.' });
    context.functions.push(this);
  }

  private createRole(isTraced: boolean, access: readonly Access[]): Role {
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      inlinePolicies: {
        Access: new PolicyDocument({
          statements: [...access.flatMap(toStatements), ...(isTraced ? [writesTraces] : [])],
        }),
      },
    });
    if (isTraced) suppress(role, wildcardFindings('X-Ray has no narrower resource for traces.'));
    return role;
  }
}

const chaosValues = (config: StageConfig): Record<string, string> => ({
  CHAOS_PARAMETER: chaosParameterName(config),
  ...(config.chaosCachedForMs === undefined ? {} : { CHAOS_CACHED_FOR_MS: String(config.chaosCachedForMs) }),
});

const writesTraces = new PolicyStatement({
  actions: ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'],
  resources: ['*'],
});

/** Returns the findings about a role with a wildcard resource, for actions that AWS does not limit to a resource. */
export const wildcardFindings = (reason: string): Readonly<Record<string, string>> => ({
  'AwsSolutions-IAM5[Resource::*]': reason,
  'Serverless-LambdaStarPermissions': reason,
});

/**
 * A consumer sends messages to the queue that invokes it, for example while a prerequisite is missing. Lambda takes
 * that for an endless loop and stops it after about 16 rounds, unless the function allows loops. The consumer limits
 * the rounds itself.
 */
const requeues = { recursiveLoop: RecursiveLoop.ALLOW };

/** Why a function needs no DLQ of its own: who notices that an invocation has failed, and what happens then. */
const failureHandling: Readonly<Record<Invoker, string>> = {
  api: 'The gateway waits for the response, and answers 502 to a failure.',
  queue: 'The queue delivers the messages again, and has a DLQ.',
  stream: 'The mapping repeats the batch until it succeeds.',
  schedule: 'Lambda repeats a failed run up to twice, then sends it to the on-failure destination.',
};
