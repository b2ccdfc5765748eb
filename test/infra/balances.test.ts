import { App, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { configOf, type Overrides, type Stage } from '../../lib/config.ts';
import { Payments } from '../../lib/contexts/payments.ts';
import { DataStack } from '../../lib/data.ts';

function paymentsOf(stage: Stage, balances: Overrides['balances'] = {}): Template {
  const app = new App({ analyticsReporting: false });
  const config = configOf(stage, { balances });
  const stack = new Stack(app, 'Payments');
  new Payments(stack, config, new DataStack(app, config).payments);
  return Template.fromStack(stack);
}

const plans = (template: Template, state: string) =>
  template.hasResourceProperties('AWS::Events::Rule', {
    Name: Match.stringLikeRegexp('payments-plan-ticks$'),
    ScheduleExpression: 'cron(* * * * ? *)',
    State: state,
  });

// made outside of the tests: the first of them bundles every handler
const laptop = paymentsOf('local');
const prod = paymentsOf('prod');
const otherwise = paymentsOf('local', { updates: 'off', interval: '15', chunksPerTick: 'all' });
const wanted = paymentsOf('prod', { updates: 'on' });

describe('the bulk updates of balances', () => {
  it('run on a laptop, and on AWS only where they are switched on', () => {
    plans(laptop, 'ENABLED');
    plans(prod, 'DISABLED');
    plans(wanted, 'ENABLED');
    plans(otherwise, 'DISABLED');
  });

  it('are planned as the stage is told', () => {
    otherwise.hasResourceProperties('AWS::Lambda::Function', {
      FunctionName: 'oncebox-local-payments-plan-ticks',
      Environment: { Variables: Match.objectLike({ TICK_INTERVAL_S: '15', CHUNKS_PER_TICK: 'all' }) },
    });
  });

  it('wait on a queue that nothing but their planner feeds', () => {
    laptop.hasResourceProperties('AWS::SQS::Queue', { QueueName: 'oncebox-local-balance-ticks' });
    const fed = Object.values(laptop.findResources('AWS::Events::Rule')).map(({ Properties }) => Properties.Name);
    expect(fed).not.toContain('oncebox-local-balance-ticks');
    laptop.hasResourceProperties('AWS::Lambda::EventSourceMapping', { BatchSize: 2 });
  });
});
