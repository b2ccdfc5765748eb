import { Duration, Stack } from 'aws-cdk-lib';
import { MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { Archive, EventBus } from 'aws-cdk-lib/aws-events';
import { LogGroup, QueryDefinition, QueryString } from 'aws-cdk-lib/aws-logs';
import { CfnWebACL, CfnWebACLAssociation } from 'aws-cdk-lib/aws-wafv2';
import type { Construct } from 'constructs';
import { nameOf, pascalCase, type StageConfig } from './config.ts';
import type { Context } from './constructs/context.ts';
import { alarm, minutes } from './constructs/monitoring.ts';
import type { PublicApi } from './constructs/public-api.ts';

export interface AwsOnlyProps {
  readonly config: StageConfig;
  readonly contexts: readonly Context[];
  readonly door: PublicApi;
}

/** What only AWS has, and no other engine needs: metric arithmetic, the archive, saved queries, the firewall. */
export class AwsOnly extends Stack {
  readonly #config: StageConfig;

  constructor(scope: Construct, id: string, { config, contexts, door }: AwsOnlyProps) {
    super(scope, id, { description: 'Oncebox: what only AWS has' });
    this.#config = config;
    for (const context of contexts) this.watch(context);
    this.archiveEvents();
    this.saveQueries(contexts);
    this.raiseFirewall(door);
  }

  /** Errors and throttles of a context's functions together: a person on call is woken once, by what hurts. */
  private watch({ node, functions, errorImpact }: Context): void {
    for (const [kind, metricName] of [
      ['errors', 'Errors'],
      ['throttles', 'Throttles'],
    ] as const) {
      const usingMetrics = Object.fromEntries(
        functions.map(({ name }, index) => [
          `m${index}`,
          new Metric({ namespace: 'AWS/Lambda', metricName, dimensionsMap: { FunctionName: name }, statistic: 'Sum' }),
        ]),
      );
      // CloudWatch adds up ten metrics in an alarm, and no more
      if (functions.length > 10) throw new Error(`${node.id} has more functions than one alarm can watch`);
      alarm(
        this,
        `${node.id}${pascalCase(kind)}`,
        {
          name: `${node.id.toLowerCase()}-${kind}`,
          metric: new MathExpression({ expression: 'SUM(METRICS())', usingMetrics, label: kind, period: minutes(5) }),
          above: 0,
          errorImpact,
          runbook: kind,
        },
        this.#config,
      );
    }
  }

  private archiveEvents(): void {
    new Archive(this, 'Events', {
      archiveName: nameOf(this.#config, 'events'),
      description: 'Every event of the stage, for a month',
      sourceEventBus: EventBus.fromEventBusName(this, 'Bus', nameOf(this.#config)),
      // an empty pattern is refused; every event has an account
      eventPattern: { account: [this.account] },
      retention: Duration.days(30),
    });
  }

  private saveQueries(contexts: readonly Context[]): void {
    const logGroups = contexts
      .flatMap(({ functions }) => functions)
      .map(({ name }) => LogGroup.fromLogGroupName(this, `Logs-${name}`, `/aws/lambda/${name}`));
    const save = (id: string, name: string, filters: string[]) =>
      new QueryDefinition(this, id, {
        queryDefinitionName: `oncebox/${this.#config.stage}/${name}`,
        logGroups,
        queryString: new QueryString({
          fields: ['@timestamp', 'service', 'level', 'message', 'correlation_id', '@log'],
          filterStatements: filters,
          sort: '@timestamp asc',
          limit: 1000,
        }),
      });
    save('TraceCorrelation', 'trace a correlation id', ["correlation_id = 'PUT THE ID HERE'"]);
    save('Failures', 'errors and warnings', ["level in ['ERROR', 'WARN', 'CRITICAL']"]);
    save('Buried', 'messages taken to a DLQ, with the reason', ['ispresent(reason)']);
  }

  private raiseFirewall(door: PublicApi): void {
    const visibility = (metricName: string) => ({
      cloudWatchMetricsEnabled: true,
      sampledRequestsEnabled: true,
      metricName,
    });
    const acl = new CfnWebACL(this, 'Firewall', {
      name: nameOf(this.#config),
      scope: 'REGIONAL',
      defaultAction: { allow: {} },
      visibilityConfig: visibility('firewall'),
      rules: [
        {
          name: 'one-address-at-a-time',
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
    const { restApiId, deploymentStage } = door.api;
    new CfnWebACLAssociation(this, 'FirewallBeforeApi', {
      webAclArn: acl.attrArn,
      resourceArn: `arn:${this.partition}:apigateway:${this.region}::/restapis/${restApiId}/stages/${deploymentStage.stageName}`,
    });
  }
}
