import { Duration, Stack } from 'aws-cdk-lib';
import { Archive, EventBus } from 'aws-cdk-lib/aws-events';
import { LogGroup, QueryDefinition, QueryString } from 'aws-cdk-lib/aws-logs';
import { CfnWebACL, CfnWebACLAssociation } from 'aws-cdk-lib/aws-wafv2';
import type { Construct } from 'constructs';
import { nameOf, type StageConfig } from './config.ts';
import { createAwsAlarms } from './constructs/aws-alarms.ts';
import type { Context } from './constructs/context.ts';
import type { PublicApi } from './constructs/public-api.ts';
import { StageStack } from './constructs/stage-stack.ts';

/** Resources that only AWS supports: some alarms, the event archive, saved queries, the firewall. */
export class AwsOnly extends StageStack {
  constructor(app: Construct, config: StageConfig, contexts: readonly Context[], publicApi: PublicApi) {
    super(app, {
      config,
      name: 'aws',
      description: 'alarms, event archive, saved queries and firewall for AWS only',
      // A composite alarm names the alarms of all contexts, which must exist.
      dependsOn: contexts.map((context) => Stack.of(context)),
    });
    createAwsAlarms(this, contexts);
    this.archiveEvents();
    this.saveQueries(contexts);
    this.createFirewall(publicApi);
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
