import { App, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { describe, expect, test } from 'vitest';
import { configOf, type Overrides, type Stage } from '../../lib/config.ts';
import { Payments } from '../../lib/contexts/payments.ts';
import { DataStack } from '../../lib/data.ts';

function synthesizePayments(stage: Stage, balances: Overrides['balances'] = {}): Template {
  const app = new App({ analyticsReporting: false });
  const config = configOf(stage, { balances });
  const stack = new Stack(app, 'Payments');
  new Payments(stack, config, new DataStack(app, config).payments);
  return Template.fromStack(stack);
}

const expectSchedule = (template: Template, state: string) =>
  template.hasResourceProperties('AWS::Events::Rule', {
    Name: Match.stringLikeRegexp('payments-plan-ticks$'),
    ScheduleExpression: 'cron(* * * * ? *)',
    State: state,
  });

// Synthesized before the tests, because the first synth bundles all handlers and takes longer than a test may.
const local = synthesizePayments('local');
const prod = synthesizePayments('prod');
const localOff = synthesizePayments('local', { updates: 'off', interval: '15', chunksPerTick: 'all' });
const prodOn = synthesizePayments('prod', { updates: 'on' });

describe('the bulk updates of balances', () => {
  test('run on local stages, and on AWS only if switched on', () => {
    expectSchedule(local, 'ENABLED');
    expectSchedule(prod, 'DISABLED');
    expectSchedule(prodOn, 'ENABLED');
    expectSchedule(localOff, 'DISABLED');
  });

  test('use the interval and the chunks of the overrides', () => {
    localOff.hasResourceProperties('AWS::Lambda::Function', {
      FunctionName: 'oncebox-local-payments-plan-ticks',
      Environment: { Variables: Match.objectLike({ TICK_INTERVAL_S: '15', CHUNKS_PER_TICK: 'all' }) },
    });
  });

  test('wait on a queue that no rule feeds', () => {
    local.hasResourceProperties('AWS::SQS::Queue', { QueueName: 'oncebox-local-balance-ticks' });
    const ruleNames = Object.values(local.findResources('AWS::Events::Rule')).map(({ Properties }) => Properties.Name);
    expect(ruleNames).not.toContain('oncebox-local-balance-ticks');
    local.hasResourceProperties('AWS::Lambda::EventSourceMapping', { BatchSize: 2 });
  });
});
