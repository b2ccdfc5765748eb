import { ArnFormat, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Construct } from 'constructs';
import { nameOf, type StageConfig } from '../config.ts';
import { alarmTopicName } from './monitoring.ts';

/** The name of the rule that reports failed backups. The policy of the alarm topic names it. */
export const backupFailedRuleName = (config: StageConfig): string => nameOf(config, 'backup-failed');

/** Creates the topic that all alarms of the stage notify. */
export function createAlarmTopic(scope: Construct, config: StageConfig): void {
  const stack = Stack.of(scope);
  const topic = new Topic(scope, 'Alarms', { topicName: alarmTopicName(config), enforceSSL: true });
  const allow = (service: string, sourceArn: string) =>
    topic.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal(service)],
        actions: ['sns:Publish'],
        resources: [topic.topicArn],
        // Without conditions, the alarms and rules of every other account could publish, since the service is the same.
        conditions: {
          StringEquals: { 'aws:SourceAccount': stack.account },
          ArnLike: { 'aws:SourceArn': sourceArn },
        },
      }),
    );
  const alarms = { service: 'cloudwatch', resource: 'alarm', arnFormat: ArnFormat.COLON_RESOURCE_NAME };
  allow('cloudwatch.amazonaws.com', stack.formatArn({ ...alarms, resourceName: nameOf(config, '*') }));
  if (config.backup) {
    const rule = { service: 'events', resource: 'rule', resourceName: backupFailedRuleName(config) };
    allow('events.amazonaws.com', stack.formatArn(rule));
  }
  if (config.alarmEmail) topic.addSubscription(new EmailSubscription(config.alarmEmail));
}
