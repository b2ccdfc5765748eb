import { Match } from 'aws-cdk-lib/assertions';
import { describe, test } from 'vitest';
import { NoEnv } from '../../lambdas/shared/runtime/env.ts';
import { ScheduledJob } from '../../lib/constructs/scheduled-job.ts';
import { inContext } from '../support/synthesized.ts';

const template = inContext('local', (context) => {
  new ScheduledJob(context, 'PlanMinute', {
    entry: 'ops/api.ts',
    description: 'Plans the minute',
    everyMinutes: 1,
    errorImpact: 'Balances are not updated',
    env: NoEnv,
    values: {},
  });
});

describe('ScheduledJob', () => {
  test('has a rule with retries, and a DLQ for invocations that could not be made', () => {
    template.hasResourceProperties('AWS::Events::Rule', {
      ScheduleExpression: 'cron(* * * * ? *)',
      State: 'ENABLED',
      Targets: [
        Match.objectLike({
          RetryPolicy: { MaximumRetryAttempts: 2, MaximumEventAgeInSeconds: 360 },
          DeadLetterConfig: { Arn: Match.anyValue() },
        }),
      ],
    });
    template.hasResourceProperties('AWS::SQS::Queue', { QueueName: 'oncebox-local-ops-api-dlq' });
    template.hasResourceProperties('AWS::Lambda::Permission', { Principal: 'events.amazonaws.com' });
  });

  test('sends a run that Lambda could not complete to the DLQ, after at most two retries and six minutes', () => {
    template.hasResourceProperties('AWS::Lambda::EventInvokeConfig', {
      FunctionName: { Ref: Match.stringLikeRegexp('PlanMinuteFunction') },
      MaximumRetryAttempts: 2,
      MaximumEventAgeInSeconds: 360,
      DestinationConfig: {
        OnFailure: { Destination: { 'Fn::GetAtt': [Match.stringLikeRegexp('PlanMinuteMissed'), 'Arn'] } },
      },
    });
    template.hasResourceProperties('AWS::IAM::Role', {
      Policies: [
        {
          PolicyDocument: {
            Statement: Match.arrayWith([
              {
                Action: 'sqs:SendMessage',
                Effect: 'Allow',
                Resource: { 'Fn::GetAtt': [Match.stringLikeRegexp('PlanMinuteMissed'), 'Arn'] },
              },
            ]),
          },
        },
      ],
    });
  });

  test('is deployed with a disabled rule and without alarms if it is switched off', () => {
    const off = inContext('local', (context) => {
      new ScheduledJob(context, 'PlanMinute', {
        entry: 'ops/api.ts',
        description: 'Plans the minute',
        everyMinutes: 1,
        enabled: false,
        errorImpact: 'Balances are not updated',
        env: NoEnv,
        values: {},
      });
    });
    off.hasResourceProperties('AWS::Events::Rule', { State: 'DISABLED' });
    off.resourceCountIs('AWS::CloudWatch::Alarm', 0);
  });

  test('has an alarm for missed invocations', () => {
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmName: 'oncebox-local-ops-api-missed',
      AlarmDescription: 'Balances are not updated. What to do: docs/runbook.md#missed-runs',
    });
  });

  test('has an alarm that starts when the job is not invoked for 15 minutes, for example by a disabled rule', () => {
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmName: 'oncebox-local-ops-api-not-running',
      AlarmDescription: 'Balances are not updated. What to do: docs/runbook.md#missing-heartbeat',
      MetricName: 'Invocations',
      ComparisonOperator: 'LessThanThreshold',
      Threshold: 1,
      Period: 300,
      EvaluationPeriods: 3,
      TreatMissingData: 'breaching',
    });
  });

  test('has a heartbeat that waits for the next run of a job that runs rarely', () => {
    const hourly = inContext('local', (context) => {
      new ScheduledJob(context, 'PlanHour', {
        entry: 'ops/api.ts',
        description: 'Plans the hour',
        everyMinutes: 30,
        errorImpact: 'Balances are not updated',
        env: NoEnv,
        values: {},
      });
    });
    hourly.hasResourceProperties('AWS::Events::Rule', { ScheduleExpression: 'cron(0/30 * * * ? *)' });
    hourly.hasResourceProperties('AWS::CloudWatch::Alarm', { MetricName: 'Invocations', Period: 1800 });
  });
});
