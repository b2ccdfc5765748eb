import { ArnFormat, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Archive, EventBus, Match } from 'aws-cdk-lib/aws-events';
import { LogGroup, QueryDefinition, QueryString, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { CfnLoggingConfiguration, CfnWebACL, CfnWebACLAssociation } from 'aws-cdk-lib/aws-wafv2';
import type { Construct } from 'constructs';
import { OrderDocumentSubmitted } from '../events/documents/order-document-submitted.ts';
import { OrderFound } from '../events/documents/order-found.ts';
import { nameOf, type StageConfig } from './config.ts';
import { createAwsAlarms } from './constructs/aws-alarms.ts';
import type { Context } from './constructs/context.ts';
import type { PublicApi } from './constructs/public-api.ts';
import { StageStack } from './constructs/stage-stack.ts';

/** The events that contain an order document: names, addresses, phone numbers and e-mail addresses. */
const withPersonalData = [OrderDocumentSubmitted, OrderFound];

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
    if (config.firewall) this.createFirewall(publicApi);
  }

  private archiveEvents(): void {
    new Archive(this, 'Events', {
      archiveName: nameOf(this.config, 'events'),
      description: 'The events of the stage for 30 days, without those that contain order documents',
      sourceEventBus: EventBus.fromEventBusName(this, 'Bus', nameOf(this.config)),
      // An archive cannot delete single events, so personal data must not get into it.
      eventPattern: { detailType: Match.anythingBut(...withPersonalData.map(({ type }) => type)) },
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
    this.logFirewall(acl);
    new CfnWebACLAssociation(this, 'FirewallBeforeApi', {
      webAclArn: acl.attrArn,
      resourceArn: `arn:${this.partition}:apigateway:${this.region}::/restapis/${restApiId}/stages/${deploymentStage.stageName}`,
    });
  }

  /** Logs what the firewall blocks or counts. What it allows is in the access log. */
  private logFirewall(acl: CfnWebACL): void {
    const logs = new LogGroup(this, 'FirewallLogs', {
      // AWS requires this prefix.
      logGroupName: `aws-waf-logs-${nameOf(this.config)}`,
      retention: this.config.logRetentionDays as RetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const headers = ['authorization', 'x-amz-security-token', 'cookie'];
    new CfnLoggingConfiguration(this, 'FirewallLogging', {
      resourceArn: acl.attrArn,
      // The ARN of the group itself: `logGroupArn` also matches its streams, which WAF refuses.
      logDestinationConfigs: [
        this.formatArn({
          service: 'logs',
          resource: 'log-group',
          resourceName: logs.logGroupName,
          arnFormat: ArnFormat.COLON_RESOURCE_NAME,
        }),
      ],
      redactedFields: [...headers.map((Name) => ({ singleHeader: { Name } })), { queryString: {} }],
      loggingFilter: {
        DefaultBehavior: 'DROP',
        Filters: [
          {
            Behavior: 'KEEP',
            Requirement: 'MEETS_ANY',
            Conditions: ['BLOCK', 'COUNT'].map((Action) => ({ ActionCondition: { Action } })),
          },
        ],
      },
    });
  }
}
