import { describe, expect, test } from 'vitest';
import { formatConsumers } from '../../../bin/ops/consumers.ts';
import { toConsumers } from '../../../bin/ops/event-source-mappings.ts';
import { type DesiredState, switchAndWait } from '../../../bin/ops/switch-consumer.ts';
import { createTarget } from '../../../bin/ops/target.ts';

const target = createTarget({ stage: 'local', onAws: false });
const timing = { intervalMs: 0, timeoutMs: 1000 };
const { signal } = new AbortController();

/** Creates a mapping that goes through the given states, one at each read, and stays in the last. */
function createMapping(...states: string[]) {
  const changes: { to: DesiredState; from: string }[] = [];
  let current = '';
  return {
    changes,
    readState: async () => {
      current = states.length > 1 ? String(states.shift()) : String(states[0]);
      return current;
    },
    setState: async (to: DesiredState) => void changes.push({ to, from: current }),
  };
}

describe('switching a consumer', () => {
  test('changes the state once and waits for it', async () => {
    const mapping = createMapping('running', 'stopping', 'stopping', 'stopped');
    expect(await switchAndWait(mapping, 'stopped', signal, timing)).toEqual({ state: 'stopped', changed: true });
    expect(mapping.changes).toEqual([{ to: 'stopped', from: 'running' }]);
  });

  test('changes nothing if the consumer has the state already', async () => {
    const mapping = createMapping('running');
    expect(await switchAndWait(mapping, 'running', signal, timing)).toEqual({ state: 'running', changed: false });
    expect(mapping.changes).toEqual([]);
  });

  test('waits for the end of another change before its own', async () => {
    const mapping = createMapping('starting', 'updating', 'running', 'stopping', 'stopped');
    await switchAndWait(mapping, 'stopped', signal, timing);
    expect(mapping.changes).toEqual([{ to: 'stopped', from: 'running' }]);
  });

  test('reports the current state after the timeout', async () => {
    const mapping = createMapping('running', 'stopping');
    const waiting = switchAndWait(mapping, 'stopped', signal, { intervalMs: 0, timeoutMs: 5 });
    await expect(waiting).rejects.toThrow('The consumer is still stopping');
  });

  test('ends at Ctrl-C', async () => {
    const aborted = AbortSignal.abort();
    expect(await switchAndWait(createMapping('stopping'), 'stopped', aborted, timing)).toEqual({
      state: 'stopping',
      changed: false,
    });
  });
});

describe('consumers', () => {
  test('lists consumers by queue with their state, and leaves out the relay of a table', () => {
    const lambda = 'arn:aws:lambda:eu-west-1:000000000000:function:oncebox-local';
    const sqs = 'arn:aws:sqs:eu-west-1:000000000000:oncebox-local';
    const stream = 'arn:aws:dynamodb:eu-west-1:000000000000:table/oncebox-local-orders/stream/x';
    const mapping = (file: string, EventSourceArn: string, State: string) => ({
      FunctionArn: `${lambda}-${file}`,
      EventSourceArn,
      State,
    });
    const consumers = toConsumers(
      [
        mapping('tickets-on-ticket-issuing', `${sqs}-ticket-issuing`, 'Disabled'),
        mapping('orders-on-payment-status', `${sqs}-payment-status`, 'Enabled'),
        mapping('relay-publish-outbox', stream, 'Enabled'),
        mapping('ops-x', `${sqs}-x`, 'Creating'),
      ],
      target,
    );
    expect(formatConsumers(consumers).split('\n')).toEqual([
      'queue           function                   state',
      'payment-status  orders-on-payment-status   running',
      'ticket-issuing  tickets-on-ticket-issuing  stopped',
      'x               ops-x                      creating',
    ]);
  });
});
