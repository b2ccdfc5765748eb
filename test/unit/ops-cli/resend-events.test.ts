import { describe, expect, test } from 'vitest';
import { parseEventFilter } from '../../../bin/ops/outbox-resend.ts';
import { resendEvents } from '../../../bin/ops/resend-events.ts';
import { filterEvents } from '../../../bin/ops/stored-events.ts';
import type { Envelope } from '../../../events/envelope.ts';
import type { RelayPorts } from '../../../lambdas/relay/relay.ts';
import { noFaults } from '../../../lambdas/shared/runtime/chaos-setting.ts';
import type { Row } from '../../../lambdas/shared/store/store.ts';
import { authorized, created, recordOf } from '../../support/dlq-samples.ts';

const minute = (m: number) => Date.UTC(2026, 0, 1, 12, m);
const at = (m: number) => new Date(minute(m)).toISOString();
const from12 = { from: minute(0), to: minute(10), types: [] };
const idAt = (m: number) => String.fromCharCode(97 + m).repeat(26);
const stored = (m: number): Row => recordOf(created(at(m), idAt(m)));

async function* pages(...all: Row[][]): AsyncGenerator<Row[]> {
  yield* all;
}

function relayTo(fails: (event: Envelope) => boolean) {
  const sent: Envelope[] = [];
  const parked: Envelope[] = [];
  const ports: RelayPorts = {
    bus: async (events) =>
      events.map((event) => {
        if (fails(event)) return 'away';
        sent.push(event);
        return undefined;
      }),
    park: async (events) => void parked.push(...events),
    clock: { now: () => minute(30), sleep: async () => undefined, random: () => 0 },
    chaos: async () => noFaults,
  };
  return { ports, sent, parked };
}
const never = new AbortController().signal;

describe('what is sent again', () => {
  test('are the events stated in the time asked for, its ends included, in their order', () => {
    const records = [stored(11), stored(10), stored(0), recordOf(created(at(-1)), authorized(at(5)))];
    expect(filterEvents(records, from12).map(({ time }) => time)).toEqual([at(0), at(5), at(10)]);
  });

  test('are those of the types asked for', () => {
    const records = [recordOf(created(at(1)), authorized(at(1)))];
    const types = filterEvents(records, { ...from12, types: ['PaymentAuthorized'] }).map(({ type }) => type);
    expect(types).toEqual(['PaymentAuthorized']);
  });
});

describe('sending again', () => {
  test('leaves events as they were stated, so that consumers know them', async () => {
    const { ports, sent } = relayTo(() => false);
    const resent = await resendEvents(pages([stored(1), stored(2)], [], [stored(3)]), from12, ports, never);
    expect(resent).toEqual({ found: 3, sent: 3, parked: 0, by_type: { OrderCreated: 3 } });
    expect(sent).toHaveLength(3);
    for (const [index, m] of [1, 2, 3].entries())
      expect(sent[index]).toEqual({ ...created(at(m), idAt(m)), published_at: at(30) });
  });

  test('parks what the bus refuses, and counts it apart', async () => {
    const refused = created(at(2), idAt(2)).id;
    const { ports, parked } = relayTo(({ id }) => id === refused);
    const resent = await resendEvents(pages([stored(1), stored(2), stored(3)]), from12, ports, never);
    expect(resent).toMatchObject({ found: 3, sent: 2, parked: 1 });
    expect(parked.map(({ id }) => id)).toEqual([refused]);
  });

  test('fails aloud where an event could neither be sent nor parked', async () => {
    const { ports } = relayTo(() => true);
    const lost = { ...ports, park: async () => Promise.reject(new Error('no queue')) };
    await expect(resendEvents(pages([stored(1)]), from12, lost, never)).rejects.toThrow('no queue');
  });

  test('only counts without a relay', async () => {
    expect(await resendEvents(pages([stored(1)]), from12, undefined, never)).toMatchObject({
      found: 1,
      sent: 0,
      parked: 0,
    });
  });

  test('ends after the page at hand when it is interrupted', async () => {
    const { ports, sent } = relayTo(() => false);
    await resendEvents(pages([stored(1)], [stored(2)]), from12, ports, AbortSignal.abort());
    expect(sent).toHaveLength(1);
  });
});

describe('the time asked for', () => {
  test('is counted back from now, or said', () => {
    expect(parseEventFilter({ since: '10m' }, minute(10))).toEqual(from12);
    expect(parseEventFilter({ from: at(0), to: at(10) }, minute(20))).toEqual(from12);
  });

  test.each([
    [{}, 'either --from or --since'],
    [{ from: at(0), since: '1m' }, 'either --from or --since'],
    [{ from: at(5), to: at(1) }, 'Nothing lies between'],
  ])('%j is refused', (asked, kind) => expect(() => parseEventFilter(asked, minute(20))).toThrow(kind));
});
