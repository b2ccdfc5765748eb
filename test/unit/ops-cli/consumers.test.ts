import { describe, expect, test } from 'vitest';
import { consumersTable } from '../../../bin/ops/consumers.ts';
import { consumersIn } from '../../../bin/ops/event-source-mappings.ts';
import { type Wanted, waitForState } from '../../../bin/ops/switch-consumer.ts';
import { createTarget } from '../../../bin/ops/target.ts';

const target = createTarget({ stage: 'local', onAws: false });
const soon = { everyMs: 0, patienceMs: 1000 };
const nobodyStops = new AbortController().signal;

/** A mapping that is seen in these states, one after the other, and then stays in the last. */
function mapping(...states: string[]) {
  const turns: { to: Wanted; at: string }[] = [];
  let now = '';
  return {
    turns,
    state: async () => {
      now = states.length > 1 ? String(states.shift()) : String(states[0]);
      return now;
    },
    turn: async (to: Wanted) => void turns.push({ to, at: now }),
  };
}

describe('a consumer', () => {
  test('is turned once, and waited for', async () => {
    const one = mapping('running', 'stopping', 'stopping', 'stopped');
    expect(await waitForState(one, 'stopped', nobodyStops, soon)).toEqual({ state: 'stopped', changed: true });
    expect(one.turns).toEqual([{ to: 'stopped', at: 'running' }]);
  });

  test('that is as it was wanted is left alone', async () => {
    const one = mapping('running');
    expect(await waitForState(one, 'running', nobodyStops, soon)).toEqual({ state: 'running', changed: false });
    expect(one.turns).toEqual([]);
  });

  test('in the middle of a change is turned when that is over', async () => {
    const one = mapping('starting', 'updating', 'running', 'stopping', 'stopped');
    await waitForState(one, 'stopped', nobodyStops, soon);
    expect(one.turns).toEqual([{ to: 'stopped', at: 'running' }]);
  });

  test('that does not get there is said to be where it is', async () => {
    const stuck = waitForState(mapping('running', 'stopping'), 'stopped', nobodyStops, { everyMs: 0, patienceMs: 5 });
    await expect(stuck).rejects.toThrow('It is still stopping.');
  });

  test('is waited for until Ctrl-C', async () => {
    expect(await waitForState(mapping('stopping'), 'stopped', AbortSignal.abort(), soon)).toEqual({
      state: 'stopping',
      changed: false,
    });
  });
});

test('consumers are listed by their queues, with what they do; what reads a table is none', () => {
  const lambda = 'arn:aws:lambda:eu-west-1:000000000000:function:oncebox-local';
  const sqs = 'arn:aws:sqs:eu-west-1:000000000000:oncebox-local';
  const stream = 'arn:aws:dynamodb:eu-west-1:000000000000:table/oncebox-local-orders/stream/x';
  const consumers = consumersIn(
    [
      {
        FunctionArn: `${lambda}-tickets-on-ticket-issuing`,
        EventSourceArn: `${sqs}-ticket-issuing`,
        State: 'Disabled',
      },
      { FunctionArn: `${lambda}-orders-on-payment-status`, EventSourceArn: `${sqs}-payment-status`, State: 'Enabled' },
      { FunctionArn: `${lambda}-shared-publish-outbox`, EventSourceArn: stream, State: 'Enabled' },
      { FunctionArn: `${lambda}-ops-x`, EventSourceArn: `${sqs}-x`, State: 'Creating' },
    ],
    target,
  );
  expect(consumersTable(consumers).split('\n')).toEqual([
    'queue           function                   state',
    'payment-status  orders-on-payment-status   running',
    'ticket-issuing  tickets-on-ticket-issuing  stopped',
    'x               ops-x                      creating',
  ]);
});
