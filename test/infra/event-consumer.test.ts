import { Duration } from 'aws-cdk-lib';
import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { OrderCreated } from '../../events/orders/order-created.ts';
import { PaymentAuthorized } from '../../events/payments/payment-authorized.ts';
import { PaymentDeclined } from '../../events/payments/payment-declined.ts';
import { OrdersEnv } from '../../lambdas/orders/env.ts';
import { configOf } from '../../lib/config.ts';
import { EventConsumer } from '../../lib/constructs/event-consumer.ts';
import { inContext, only } from '../support/synthesized.ts';

const DAY = 24 * 3600;

const template = inContext('local', (context) => {
  new EventConsumer(context, 'OnPaymentStatus', {
    queue: 'payment-status',
    on: [PaymentAuthorized, PaymentDeclined],
    entry: 'orders/on-payment-status.ts',
    env: OrdersEnv,
    values: { ORDERS_TABLE: 'a-table' },
    errorImpact: 'A customer has paid and waits',
    timeout: Duration.seconds(10),
  });
});

describe('EventConsumer', () => {
  it('takes its events off the bus by one rule, and leaves the wrapping behind', () => {
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

  it('takes each event from its own source only', () => {
    const twoSources = inContext('local', (context) => {
      new EventConsumer(context, 'OnPaymentStatus', {
        queue: 'payment-status',
        on: [PaymentAuthorized, OrderCreated, PaymentDeclined],
        entry: 'orders/on-payment-status.ts',
        env: OrdersEnv,
        values: { ORDERS_TABLE: 'a-table' },
        errorImpact: 'A customer has paid and waits',
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

  it('has a queue that gives a slow batch its time, and a DLQ behind it', () => {
    template.hasResourceProperties('AWS::SQS::Queue', {
      QueueName: 'oncebox-local-payment-status',
      VisibilityTimeout: 60,
      SqsManagedSseEnabled: true,
      MessageRetentionPeriod: 4 * DAY,
      RedrivePolicy: { maxReceiveCount: 5, deadLetterTargetArn: Match.anyValue() },
    });
    template.hasResourceProperties('AWS::SQS::Queue', {
      QueueName: 'oncebox-local-payment-status-dlq',
      MessageRetentionPeriod: 14 * DAY,
    });
  });

  it('fails messages one by one, is limited by the mapping, and filters nothing away', () => {
    const { Properties } = only(template, 'AWS::Lambda::EventSourceMapping');
    expect(Properties).toMatchObject({
      BatchSize: 10,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: configOf('local').consumerConcurrency },
    });
    expect(Properties).not.toHaveProperty('FilterCriteria');
    expect(only(template, 'AWS::Lambda::Function').Properties).not.toHaveProperty('ReservedConcurrentExecutions');
  });

  it('knows its queue and DLQ, and may put messages back or bury them', () => {
    template.hasResourceProperties('AWS::Lambda::Function', {
      Timeout: 10,
      Environment: {
        // receipts are signed by it, so it must not change with the stage or the function's name
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
              Match.objectLike({ Action: Match.arrayWith(['sqs:ChangeMessageVisibility', 'sqs:ReceiveMessage']) }),
              Match.objectLike({ Action: 'sqs:SendMessage', Resource: [Match.anyValue(), Match.anyValue()] }),
            ]),
          },
        },
      ],
    });
  });

  it('tells somebody when a message lies dead or waits, and whom it hurts', () => {
    for (const [name, article] of [
      ['payment-status-dead-letters', 'dead-letters'],
      ['payment-status-waiting', 'slow-queue'],
    ])
      template.hasResourceProperties('AWS::CloudWatch::Alarm', {
        AlarmName: `oncebox-local-${name}`,
        AlarmDescription: `A customer has paid and waits. What to do: docs/runbook.md#${article}`,
      });
  });
});
