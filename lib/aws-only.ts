import { Duration } from 'aws-cdk-lib';
import { MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { Archive, EventBus } from 'aws-cdk-lib/aws-events';
import { LogGroup, QueryDefinition, QueryString } from 'aws-cdk-lib/aws-logs';
import { CfnWebACL, CfnWebACLAssociation } from 'aws-cdk-lib/aws-wafv2';
import type { Construct } from 'constructs';
import { nameOf, pascalCase, type StageConfig } from './config.ts';
import type { Context } from './constructs/context.ts';
import { alarm, minutes } from './constructs/monitoring.ts';
import type { PublicApi } from './constructs/public-api.ts';
import { StageStack } from './constructs/stage-stack.ts';

/** CloudWatch allows ten metrics in the expression of one alarm. */
const MAX_METRICS = 10;

/** Resources that only AWS supports: alarms on metric expressions, the event archive, saved queries, the firewall. */
export class AwsOnly extends StageStack {
  constructor(app: Construct, config: StageConfig, contexts: readonly Context[], publicApi: PublicApi) {
    super(app, { config, name: 'aws', description: 'alarms, event archive, saved queries and firewall for AWS only' });
    for (const context of contexts) this.createAlarms(context);
    this.archiveEvents();
    this.saveQueries(contexts);
    this.createFirewall(publicApi);
  }

  /** Creates one alarm for errors and one for throttles of all functions of a context, so one cause alerts once. */
  private createAlarms({ node, name, functions, errorImpact }: Context): void {
    if (functions.length > MAX_METRICS)
      throw new Error(`${node.id} has ${functions.length} functions, but one alarm can watch only ${MAX_METRICS}`);
    for (const kind of ['errors', 'throttles'] as const) {
      const metricName = pascalCase(kind);
      const usingMetrics = Object.fromEntries(
        functions.map(({ name }, index) => [
          `m${index}`,
          new Metric({ namespace: 'AWS/Lambda', metricName, dimensionsMap: { FunctionName: name }, statistic: 'Sum' }),
        ]),
      );
      alarm(
        this,
        `${node.id}${metricName}`,
        {
          name: `${name}-${kind}`,
          metric: new MathExpression({ expression: 'SUM(METRICS())', usingMetrics, label: kind, period: minutes(5) }),
          errorImpact,
          runbook: kind,
        },
        this.config,
      );
    }
  }

  private archiveEvents(): void {
    new Archive(this, 'Events', {
      archiveName: nameOf(this.config, 'events'),
      description: 'All events of the stage for 30 days',
      sourceEventBus: EventBus.fromEventBusName(this, 'Bus', nameOf(this.config)),
      // EventBridge rejects an empty pattern. Every event has an account, so this one matches all events.
      eventPattern: { account: [this.account] },
      retention: Duration.days(30),
    });
  }

  private saveQueries(contexts: readonly Context[]): void {
    const logGroups = contexts
      .flatMap(({ functions }) => functions)
      .map(({ name }) => LogGroup.fromLogGroupName(this, `Logs-${name}`, `/aws/lambda/${name}`));
    const save = (id: string, name: string, filterStatements: string[]) =>
      new QueryDefinition(this, id, {
        queryDefinitionName: `oncebox/${this.config.stage}/${name}`,
        logGroups,
        queryString: new QueryString({
          fields: ['@timestamp', 'service', 'level', 'message', 'correlation_id', '@log'],
          filterStatements,
          sort: '@timestamp asc',
          limit: 1000,
        }),
      });
    save('TraceCorrelation', 'trace a correlation id', ["correlation_id = 'PUT THE ID HERE'"]);
    save('Failures', 'errors and warnings', ["level in ['ERROR', 'WARN', 'CRITICAL']"]);
    save('DeadLettered', 'dead-lettered messages with their reasons', ['ispresent(reason)']);
  }

  private createFirewall({ api: { restApiId, deploymentStage } }: PublicApi): void {
    const visibility = (metricName: string) => ({
      cloudWatchMetricsEnabled: true,
      sampledRequestsEnabled: true,
      metricName,
    });
    const acl = new CfnWebACL(this, 'Firewall', {
      name: nameOf(this.config),
      scope: 'REGIONAL',
      defaultAction: { allow: {} },
      visibilityConfig: visibility('firewall'),
      rules: [
        {
          name: 'rate-limit-by-address',
          priority: 0,
          action: { block: {} },
          statement: { rateBasedStatement: { limit: 10_000, aggregateKeyType: 'IP' } },
          visibilityConfig: visibility('rate'),
        },
        {
          name: 'known-bad-inputs',
          priority: 1,
          overrideAction: { none: {} },
          statement: { managedRuleGroupStatement: { vendorName: 'AWS', name: 'AWSManagedRulesKnownBadInputsRuleSet' } },
          visibilityConfig: visibility('bad-inputs'),
        },
      ],
    });
    new CfnWebACLAssociation(this, 'FirewallBeforeApi', {
      webAclArn: acl.attrArn,
      resourceArn: `arn:${this.partition}:apigateway:${this.region}::/restapis/${restApiId}/stages/${deploymentStage.stageName}`,
    });
  }
}
