import { ArnFormat, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Construct } from 'constructs';
import { nameOf, type StageConfig } from '../config.ts';
import { alarmTopicName } from './monitoring.ts';

/** The name of the rule that reports failed backups. The policy of the alarm topic names it. */
export const backupFailedRuleName = (config: StageConfig): string => nameOf(config, 'backup-failed');

const cloudWatch = new ServicePrincipal('cloudwatch.amazonaws.com');
const eventBridge = new ServicePrincipal('events.amazonaws.com');

/** Creates the topic that all alarms of the stage notify. */
export function createAlarmTopic(scope: Construct, config: StageConfig): void {
  const key = config.customerKeys.alarmTopic ? createTopicKey(scope, config) : undefined;
  const topic = new Topic(scope, 'Alarms', {
    topicName: alarmTopicName(config),
    enforceSSL: true,
    ...(key ? { masterKey: key } : {}),
  });
  const allow = (principal: ServicePrincipal, conditions: ReturnType<typeof sentBy>) =>
    topic.addToResourcePolicy(
      new PolicyStatement({
        principals: [principal],
        actions: ['sns:Publish'],
        resources: [topic.topicArn],
        conditions,
      }),
    );
  allow(cloudWatch, sentBy(scope, alarmArns(scope, config)));
  if (config.backup) {
    const rule = { service: 'events', resource: 'rule', resourceName: backupFailedRuleName(config) };
    allow(eventBridge, sentBy(scope, Stack.of(scope).formatArn(rule)));
  }
  if (config.alarmEmail) topic.addSubscription(new EmailSubscription(config.alarmEmail));
}

/** CloudWatch cannot publish to a topic that is encrypted with the key that AWS manages for SNS. */
function createTopicKey(scope: Construct, config: StageConfig): Key {
  const key = new Key(scope, 'AlarmsKey', {
    description: `Encrypts the alarm topic of ${nameOf(config)}`,
    enableKeyRotation: true,
    removalPolicy: RemovalPolicy.DESTROY,
    pendingWindow: Duration.days(7),
  });
  const usage = { actions: ['kms:Decrypt', 'kms:GenerateDataKey*'], resources: ['*'] };
  const conditions = sentBy(scope, alarmArns(scope, config));
  key.addToResourcePolicy(new PolicyStatement({ ...usage, principals: [cloudWatch], conditions }));
  // EventBridge sends no source to KMS, so a condition would drop every message.
  if (config.backup) key.addToResourcePolicy(new PolicyStatement({ ...usage, principals: [eventBridge] }));
  return key;
}

const alarmArns = (scope: Construct, config: StageConfig): string =>
  Stack.of(scope).formatArn({
    service: 'cloudwatch',
    resource: 'alarm',
    resourceName: nameOf(config, '*'),
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });

/** Without these conditions, the alarms and rules of all other accounts could publish: the service is the same. */
const sentBy = (scope: Construct, sourceArn: string) => ({
  StringEquals: { 'aws:SourceAccount': Stack.of(scope).account },
  ArnLike: { 'aws:SourceArn': sourceArn },
});
