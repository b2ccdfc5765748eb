import { ArnFormat, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Construct } from 'constructs';
import { nameOf, type StageConfig } from '../config.ts';
import { alarmTopicName } from './monitoring.ts';

const cloudWatch = new ServicePrincipal('cloudwatch.amazonaws.com');

/** Creates the topic that all alarms of the stage notify. */
export function createAlarmTopic(scope: Construct, config: StageConfig): void {
  const key = config.customerKeys.alarmTopic ? createTopicKey(scope, config) : undefined;
  const topic = new Topic(scope, 'Alarms', {
    topicName: alarmTopicName(config),
    enforceSSL: true,
    ...(key ? { masterKey: key } : {}),
  });
  topic.addToResourcePolicy(
    new PolicyStatement({
      principals: [cloudWatch],
      actions: ['sns:Publish'],
      resources: [topic.topicArn],
      conditions: sentByAlarms(scope, config),
    }),
  );
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
  key.addToResourcePolicy(
    new PolicyStatement({
      principals: [cloudWatch],
      actions: ['kms:Decrypt', 'kms:GenerateDataKey*'],
      resources: ['*'],
      conditions: sentByAlarms(scope, config),
    }),
  );
  return key;
}

/** Without these conditions, the alarms of all other accounts could publish: the service is the same. */
const sentByAlarms = (scope: Construct, config: StageConfig) => {
  const { account } = Stack.of(scope);
  const alarms = Stack.of(scope).formatArn({
    service: 'cloudwatch',
    resource: 'alarm',
    resourceName: nameOf(config, '*'),
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
  return { StringEquals: { 'aws:SourceAccount': account }, ArnLike: { 'aws:SourceArn': alarms } };
};
