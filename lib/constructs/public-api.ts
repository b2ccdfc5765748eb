import { CfnOutput, RemovalPolicy, Stack } from 'aws-cdk-lib';
import {
  AccessLogFormat,
  AuthorizationType,
  type CfnStage,
  EndpointType,
  Integration,
  IntegrationType,
  LogGroupLogDestination,
  MethodLoggingLevel,
  RestApi,
} from 'aws-cdk-lib/aws-apigateway';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { nameOf, type StageConfig } from '../config.ts';
import { fallbackRoutes } from '../routes.ts';
import type { ContextApi } from './context-api.ts';
import { addGatewayResponses } from './gateway-responses.ts';
import type { ServiceFunction } from './service-function.ts';
import { suppress } from './suppress.ts';

export interface PublicApiProps {
  readonly config: StageConfig;
  readonly apis: readonly ContextApi[];
  /** Responds to requests that match no route. It knows all routes, so it can tell 404 from 405. */
  readonly fallback: ServiceFunction;
}

/**
 * The fields of an access log line. It has no address, no query and no path as it was sent, since these may be personal
 * data: `$context.resourcePath` is the path of the route. It has no error messages, because API Gateway does not escape
 * them, so a quote in a message would break the line; the execution log has them. The ARN of the caller contains the
 * name of its session, as every variable for a caller with a role does (docs/architecture.md, "Personal data").
 */
const accessLogFields = {
  request_id: '$context.requestId',
  time: '$context.requestTime',
  method: '$context.httpMethod',
  route: '$context.resourcePath',
  status: '$context.status',
  response_bytes: '$context.responseLength',
  latency_ms: '$context.responseLatency',
  integration_latency_ms: '$context.integrationLatency',
  integration_status: '$context.integration.status',
  error_type: '$context.error.responseType',
  caller: '$context.identity.userArn',
  trace_id: '$context.xrayTraceId',
} as const;

/** The REST API in front of all contexts. Its deployment depends on every method, so that it never misses one. */
export class PublicApi extends Construct {
  readonly api: RestApi;

  constructor(scope: Construct, id: string, { config, apis, fallback }: PublicApiProps) {
    super(scope, id);
    this.api = this.createApi(config);
    addGatewayResponses(this.api, config.api.open);
    for (const { routes, apiFunction } of apis) this.addMethods(Object.values(routes), apiFunction);
    this.addMethods(Object.values(fallbackRoutes), fallback);
    this.suppressFindings(config);

    const stack = Stack.of(this);
    const output = (name: string, value: string) => new CfnOutput(stack, name, { value });
    output('ApiId', this.api.restApiId);
    output('ApiStage', config.stage);
    output('ApiUrl', this.api.url);
  }

  private createApi(config: StageConfig): RestApi {
    const api = new RestApi(this, 'Api', {
      restApiName: nameOf(config, 'api'),
      description: 'Orders, payments and balances',
      endpointTypes: [EndpointType.REGIONAL],
      // The CloudWatch role is a setting of the whole account. Only AWS needs it.
      cloudWatchRole: config.onAws,
      defaultMethodOptions: { authorizationType: config.api.open ? AuthorizationType.NONE : AuthorizationType.IAM },
      deployOptions: {
        stageName: config.stage,
        throttlingRateLimit: config.api.requestsPerSecond,
        throttlingBurstLimit: config.api.burst,
        ...(config.onAws ? this.createObservability(config) : {}),
      },
    });
    if (config.onAws) this.createExecutionLogs(api, config);
    // Removes CDK's own output, whose name repeats the construct id. The constructor adds outputs with plain names.
    api.node.tryRemoveChild('Endpoint');
    return api;
  }

  /** API Gateway would create this log group without an expiry when the stage logs for the first time. */
  private createExecutionLogs(api: RestApi, config: StageConfig): void {
    const logs = new LogGroup(this, 'ExecutionLogs', {
      logGroupName: `API-Gateway-Execution-Logs_${api.restApiId}/${config.stage}`,
      retention: config.logRetentionDays as RetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    api.deploymentStage.node.addDependency(logs);
  }

  private createObservability(config: StageConfig) {
    const accessLogs = new LogGroup(this, 'AccessLogs', {
      logGroupName: `/oncebox/${config.stage}/access`,
      retention: config.logRetentionDays as RetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    return {
      metricsEnabled: config.api.methodMetrics,
      tracingEnabled: true,
      loggingLevel: MethodLoggingLevel.ERROR,
      accessLogDestination: new LogGroupLogDestination(accessLogs),
      accessLogFormat: AccessLogFormat.custom(JSON.stringify(accessLogFields)),
    };
  }

  /**
   * Adds a method for each route. The integration refers to the function by its name, because CDK's LambdaIntegration
   * would add a permission to this stack, and the permission belongs to the stack of the function.
   */
  private addMethods(routes: readonly string[], { arn }: ServiceFunction): void {
    const { partition, region } = Stack.of(this);
    const integration = new Integration({
      type: IntegrationType.AWS_PROXY,
      integrationHttpMethod: 'POST',
      uri: `arn:${partition}:apigateway:${region}:lambda:path/2015-03-31/functions/${arn}/invocations`,
    });
    for (const route of routes) {
      const [method = '', path = ''] = route.split(' ');
      this.api.root.resourceForPath(path).addMethod(method, integration);
    }
  }

  private suppressFindings(config: StageConfig): void {
    suppress(this.api, {
      'AwsSolutions-APIG2': 'Each handler validates its input by a schema and returns all errors at once.',
      'AwsSolutions-COG4':
        'Callers sign requests with IAM, which decides about each method (docs/security.md, "Who may call the API").',
    });
    suppress(this.api.deploymentStage, {
      'AwsSolutions-APIG3': 'The setting `firewall` of the stage adds a web ACL.',
    });
    if (config.onAws)
      suppress(this.api, {
        'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs]':
          'AWS provides this policy for exactly this purpose.',
      });
    if (config.api.open)
      suppress(this.api, {
        'AwsSolutions-APIG4': 'Only local stages are open. A test checks that no stage on AWS is.',
      });
    if (!config.onAws) {
      const local = 'Local stages have no access logs and no traces.';
      suppress(this.api.deploymentStage.node.defaultChild as CfnStage, {
        'AwsSolutions-APIG1': local,
        'AwsSolutions-APIG6': local,
        'Serverless-APIGWAccessLogging': local,
        'Serverless-APIGWStructuredLogging': local,
        'Serverless-APIGWXrayEnabled': local,
      });
    }
  }
}
