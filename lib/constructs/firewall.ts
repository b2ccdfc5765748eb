import { ArnFormat, RemovalPolicy, Stack } from 'aws-cdk-lib';
import type { RestApi } from 'aws-cdk-lib/aws-apigateway';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { CfnLoggingConfiguration, CfnWebACL, CfnWebACLAssociation } from 'aws-cdk-lib/aws-wafv2';
import { Construct } from 'constructs';
import { nameOf, type StageConfig } from '../config.ts';

interface FirewallProps {
  readonly config: StageConfig;
  readonly api: RestApi;
}

/** The firewall in front of the API. It is in the stack of the API, because AWS chooses the API's id. */
export class Firewall extends Construct {
  constructor(scope: Construct, id: string, { config, api }: FirewallProps) {
    super(scope, id);
    const { partition, region } = Stack.of(this);
    const acl = new CfnWebACL(this, 'Acl', {
      name: nameOf(config),
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
    this.createLogs(config, acl);
    new CfnWebACLAssociation(this, 'BeforeApi', {
      webAclArn: acl.attrArn,
      resourceArn: `arn:${partition}:apigateway:${region}::/restapis/${api.restApiId}/stages/${api.deploymentStage.stageName}`,
    });
  }

  /** Logs what the firewall blocks or counts. What it allows is in the access log. */
  private createLogs(config: StageConfig, acl: CfnWebACL): void {
    const logs = new LogGroup(this, 'Logs', {
      // AWS requires this prefix.
      logGroupName: `aws-waf-logs-${nameOf(config)}`,
      retention: config.logRetentionDays as RetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const headers = ['authorization', 'x-amz-security-token', 'cookie'];
    new CfnLoggingConfiguration(this, 'Logging', {
      resourceArn: acl.attrArn,
      // The ARN of the group itself: `logGroupArn` also matches its streams, which WAF refuses.
      logDestinationConfigs: [
        Stack.of(this).formatArn({
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

const visibility = (metricName: string) => ({
  cloudWatchMetricsEnabled: true,
  sampledRequestsEnabled: true,
  metricName,
});
