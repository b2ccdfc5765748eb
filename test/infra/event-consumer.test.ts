import { Duration } from 'aws-cdk-lib';
import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, test } from 'vitest';
import { OrderCreated } from '../../events/orders/order-created.ts';
import { PaymentAuthorized } from '../../events/payments/payment-authorized.ts';
import { PaymentDeclined } from '../../events/payments/payment-declined.ts';
import { OrdersEnv } from '../../lambdas/orders/env.ts';
import { configOf } from '../../lib/config.ts';
import { EventConsumer } from '../../lib/constructs/event-consumer.ts';
import { inContext, only } from '../support/synthesized.ts';

const DAY = 24 * 3600;

const template = inContext('local', (context) => {
  new EventConsumer(context, 'payment-status', {
    on: [PaymentAuthorized, PaymentDeclined],
    env: OrdersEnv,
    values: { ORDERS_TABLE: 'a-table' },
    errorImpact: 'Paid orders do not progress',
    timeout: Duration.seconds(10),
  });
});

describe('EventConsumer', () => {
  test('receives its events by one rule, without the fields of EventBridge', () => {
    template.hasResourceProperties('AWS::Events::Rule', {
      Name: 'oncebox-local-payment-status',
      EventBusName: 'oncebox-local',
      EventPattern: { source: ['payments'], 'detail-type': ['PaymentAuthorized', 'PaymentDeclined'] },
      Targets: [
        Match.objectLike({
          InputPath: '$.detail',
          RetryPolicy: { MaximumRetryAttempts: 185, MaximumEventAgeInSeconds: 86_400 },
          DeadLetterConfig: { Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('Dlq'), 'Arn'] } },
        }),
      ],
    });
  });

  test('creates a rule for each source, with the types of that source only', () => {
    const twoSources = inContext('local', (context) => {
      new EventConsumer(context, 'payment-status', {
        on: [PaymentAuthorized, OrderCreated, PaymentDeclined],
        env: OrdersEnv,
        values: { ORDERS_TABLE: 'a-table' },
        errorImpact: 'Paid orders do not progress',
      });
    });
    twoSources.resourceCountIs('AWS::Events::Rule', 2);
    for (const [source, types] of [
      ['payments', ['PaymentAuthorized', 'PaymentDeclined']],
      ['orders', ['OrderCreated']],
    ])
      twoSources.hasResourceProperties('AWS::Events::Rule', {
        Name: `oncebox-local-payment-status-from-${source}`,
        EventPattern: { source: [source], 'detail-type': types },
        Targets: [Match.objectLike({ Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('Queue'), 'Arn'] } })],
      });
  });

  test('has a queue with a visibility timeout of six function timeouts, and a DLQ', () => {
    template.hasResourceProperties('AWS::SQS::Queue', {
      QueueName: 'oncebox-local-payment-status',
      VisibilityTimeout: 60,
      SqsManagedSseEnabled: true,
      MessageRetentionPeriod: 4 * DAY,
      // SQS counts a throttled invocation as a receive, so a lower limit would dead-letter good messages.
      RedrivePolicy: { maxReceiveCount: 1000, deadLetterTargetArn: Match.anyValue() },
    });
    template.hasResourceProperties('AWS::SQS::Queue', {
      QueueName: 'oncebox-local-payment-status-dlq',
      MessageRetentionPeriod: 14 * DAY,
    });
  });

  test('reports failures for each message, limits concurrency by the mapping, and filters no messages', () => {
    const { Properties } = only(template, 'AWS::Lambda::EventSourceMapping');
    expect(Properties).toMatchObject({
      BatchSize: 10,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: configOf('local').consumerConcurrency },
    });
    expect(Properties).not.toHaveProperty('FilterCriteria');
    expect(only(template, 'AWS::Lambda::Function').Properties).not.toHaveProperty('ReservedConcurrentExecutions');
  });

  test('gets the URLs of its queue and DLQ, and the permissions to requeue and dead-letter', () => {
    template.hasResourceProperties('AWS::Lambda::Function', {
      Timeout: 10,
      Environment: {
        // Receipts contain this name, so it must not depend on the stage or on the function's name.
        Variables: Match.objectLike({
          CONSUMER: 'payment-status',
          QUEUE_URL: Match.anyValue(),
          DLQ_URL: Match.anyValue(),
        }),
      },
    });
    template.hasResourceProperties('AWS::IAM::Role', {
      Policies: [
        {
          PolicyDocument: {
            Statement: Match.arrayWith([
              Match.objectLike({ Action: Match.arrayWith(['sqs:DeleteMessage', 'sqs:ReceiveMessage']) }),
              Match.objectLike({ Action: 'sqs:SendMessage', Resource: [Match.anyValue(), Match.anyValue()] }),
            ]),
          },
        },
      ],
    });
  });

  test('may send messages to its own queue without end, which Lambda would take for a loop', () => {
    expect(only(template, 'AWS::Lambda::Function').Properties).toMatchObject({ RecursiveLoop: 'Allow' });
  });

  test('has alarms for dead letters, waiting messages and requeued messages that state the impact', () => {
    for (const [name, section] of [
      ['payment-status-dead-letters', 'dead-letters'],
      ['payment-status-waiting', 'slow-queue'],
      ['payment-status-requeued', 'slow-queue'],
    ])
      template.hasResourceProperties('AWS::CloudWatch::Alarm', {
        AlarmName: `oncebox-local-${name}`,
        AlarmDescription: `Paid orders do not progress. What to do: docs/runbook.md#${section}`,
      });
  });

  test('starts its alarm for dead letters at the first message in its DLQ', () => {
    const queues = template.findResources('AWS::SQS::Queue', {
      Properties: { QueueName: Match.stringLikeRegexp('-dlq$') },
    });
    const [dlq] = Object.keys(queues);
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmName: 'oncebox-local-payment-status-dead-letters',
      MetricName: 'ApproximateNumberOfMessagesVisible',
      Dimensions: [{ Name: 'QueueName', Value: { 'Fn::GetAtt': [dlq, 'QueueName'] } }],
      Statistic: 'Maximum',
      Threshold: 0,
      ComparisonOperator: 'GreaterThanThreshold',
      EvaluationPeriods: 1,
    });
  });
});
