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
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnPermission } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { nameOf, type StageConfig } from '../config.ts';
import type { ContextApi } from './context-api.ts';
import { addGatewayResponses } from './gateway-responses.ts';
import type { ServiceFunction } from './service-function.ts';
import { suppress } from './suppress.ts';

export interface PublicApiProps {
  readonly config: StageConfig;
  readonly apis: readonly ContextApi[];
  /** Answers whatever no route does: it knows all of them, so 404 and 405 are told apart in one place. */
  readonly fallback: ServiceFunction;
}

/** The one REST API before all contexts. Its deployment hangs on every method, so that none is ever missing from it. */
export class PublicApi extends Construct {
  readonly api: RestApi;

  constructor(scope: Construct, id: string, { config, apis, fallback }: PublicApiProps) {
    super(scope, id);
    this.api = new RestApi(this, 'Api', {
      restApiName: nameOf(config, 'api'),
      description: 'Orders, payments and balances',
      endpointTypes: [EndpointType.REGIONAL],
      // the account's role for logs is a setting of the whole account, and only AWS needs it
      cloudWatchRole: config.onAws,
      defaultMethodOptions: { authorizationType: config.api.open ? AuthorizationType.NONE : AuthorizationType.IAM },
      deployOptions: {
        stageName: config.stage,
        throttlingRateLimit: config.api.requestsPerSecond,
        throttlingBurstLimit: config.api.burst,
        ...(config.onAws ? this.observedOnAws(config) : {}),
      },
    });
    // the construct's own output names its id twice; ours are below
    this.api.node.tryRemoveChild('Endpoint');
    addGatewayResponses(this.api, config.api.open);

    for (const { routes, apiFunction } of apis) {
      const integration = this.proxyTo(apiFunction);
      for (const route of Object.values(routes)) {
        const [method = '', path = ''] = route.split(' ');
        this.api.root.resourceForPath(path).addMethod(method, integration);
      }
      this.mayCall(apiFunction, config);
    }
    const integration = this.proxyTo(fallback);
    this.api.root.addMethod('ANY', integration);
    this.api.root.addResource('{proxy+}').addMethod('ANY', integration);
    this.mayCall(fallback, config);
    this.explainAll(config);

    const stack = Stack.of(this);
    const output = (name: string, value: string) => new CfnOutput(stack, name, { value });
    output('ApiId', this.api.restApiId);
    output('ApiStage', config.stage);
    output('ApiUrl', this.api.url);
  }

  private observedOnAws(config: StageConfig) {
    const accessLogs = new LogGroup(this, 'AccessLogs', {
      logGroupName: `/oncebox/${config.stage}/access`,
      retention: config.logRetentionDays as RetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    return {
      metricsEnabled: true,
      tracingEnabled: true,
      loggingLevel: MethodLoggingLevel.ERROR,
      accessLogDestination: new LogGroupLogDestination(accessLogs),
      accessLogFormat: AccessLogFormat.jsonWithStandardFields(),
    };
  }

  /** A proxy integration by the function's name. CDK's own would add two permissions for each method. */
  private proxyTo({ arn }: ServiceFunction): Integration {
    const { partition, region } = Stack.of(this);
    return new Integration({
      type: IntegrationType.AWS_PROXY,
      integrationHttpMethod: 'POST',
      uri: `arn:${partition}:apigateway:${region}:lambda:path/2015-03-31/functions/${arn}/invocations`,
    });
  }

  /** One permission for all methods that lead to a function. */
  private mayCall({ name, arn }: ServiceFunction, { stage }: StageConfig): void {
    new CfnPermission(this, `MayCall-${name}`, {
      action: 'lambda:InvokeFunction',
      functionName: arn,
      principal: new ServicePrincipal('apigateway.amazonaws.com').service,
      sourceArn: this.api.arnForExecuteApi('*', '/*', stage),
    });
  }

  private explainAll(config: StageConfig): void {
    suppress(this.api, {
      'AwsSolutions-APIG2': 'each handler checks its input by a schema and names all faults at once',
      'AwsSolutions-COG4': 'callers sign with IAM; tokens are checked by the handlers',
    });
    suppress(this.api.deploymentStage, {
      'AwsSolutions-APIG3': 'the web ACL is in the stack of what only AWS has',
    });
    if (config.onAws)
      suppress(this.api, {
        'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs]':
          'the policy that AWS made for this one purpose',
      });
    if (config.api.open)
      suppress(this.api, { 'AwsSolutions-APIG4': 'open on a laptop only; a test holds that no stage on AWS is' });
    if (!config.onAws) {
      const laptop = 'a stage on a laptop: nobody reads access logs or traces there';
      suppress(this.api.deploymentStage.node.defaultChild as CfnStage, {
        'AwsSolutions-APIG1': laptop,
        'AwsSolutions-APIG6': laptop,
        'Serverless-APIGWAccessLogging': laptop,
        'Serverless-APIGWStructuredLogging': laptop,
        'Serverless-APIGWXrayEnabled': laptop,
      });
    }
  }
}
