import { Match } from 'aws-cdk-lib/assertions';
import { Schedule } from 'aws-cdk-lib/aws-events';
import { describe, test } from 'vitest';
import { NoEnv } from '../../lambdas/shared/runtime/env.ts';
import { ScheduledJob } from '../../lib/constructs/scheduled-job.ts';
import { inContext } from '../support/synthesized.ts';

const template = inContext('local', (context) => {
  new ScheduledJob(context, 'PlanMinute', {
    entry: 'ops/api.ts',
    description: 'Plans the minute',
    schedule: Schedule.expression('cron(* * * * ? *)'),
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
          RetryPolicy: { MaximumRetryAttempts: 2, MaximumEventAgeInSeconds: 900 },
          DeadLetterConfig: { Arn: Match.anyValue() },
        }),
      ],
    });
    template.hasResourceProperties('AWS::SQS::Queue', { QueueName: 'oncebox-local-ops-api-dlq' });
    template.hasResourceProperties('AWS::Lambda::Permission', { Principal: 'events.amazonaws.com' });
  });

  test('is deployed with a disabled rule if it is switched off', () => {
    const off = inContext('local', (context) => {
      new ScheduledJob(context, 'PlanMinute', {
        entry: 'ops/api.ts',
        description: 'Plans the minute',
        schedule: Schedule.expression('cron(* * * * ? *)'),
        enabled: false,
        errorImpact: 'Balances are not updated',
        env: NoEnv,
        values: {},
      });
    });
    off.hasResourceProperties('AWS::Events::Rule', { State: 'DISABLED' });
  });

  test('has an alarm for missed invocations', () => {
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmName: 'oncebox-local-ops-api-missed',
      AlarmDescription: 'Balances are not updated. What to do: docs/runbook.md#dead-letters',
    });
  });
});
