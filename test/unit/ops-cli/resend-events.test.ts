import { describe, expect, test } from 'vitest';
import { parseEventFilter } from '../../../bin/ops/outbox-resend.ts';
import { resendEvents } from '../../../bin/ops/resend-events.ts';
import { filterEvents } from '../../../bin/ops/stored-events.ts';
import type { Envelope } from '../../../events/envelope.ts';
import type { RelayPorts } from '../../../lambdas/relay/relay.ts';
import { noFaults } from '../../../lambdas/shared/runtime/chaos-setting.ts';
import type { Row } from '../../../lambdas/shared/store/store.ts';
import { orderCreated, outboxRecordWith, paymentAuthorized } from '../../support/dlq-samples.ts';

const minuteMs = (minute: number) => Date.UTC(2026, 0, 1, 12, minute);
const timeAt = (minute: number) => new Date(minuteMs(minute)).toISOString();
const orderIdOf = (minute: number) => String.fromCharCode(97 + minute).repeat(26);
const eventAt = (minute: number): Envelope => orderCreated(timeAt(minute), orderIdOf(minute));
const recordAt = (minute: number): Row => outboxRecordWith(eventAt(minute));
const tenMinutes = { fromMs: minuteMs(0), toMs: minuteMs(10), types: [] };
const { signal } = new AbortController();

async function* pagesOf(...pages: Row[][]): AsyncGenerator<Row[]> {
  yield* pages;
}

function createRelay(refuses: (event: Envelope) => boolean) {
  const sent: Envelope[] = [];
  const parked: Envelope[] = [];
  const ports: RelayPorts = {
    bus: async (events) =>
      events.map((event) => {
        if (refuses(event)) return 'unavailable';
        sent.push(event);
        return undefined;
      }),
    park: async (events) => void parked.push(...(events as Envelope[])),
    clock: { now: () => minuteMs(30), sleep: async () => undefined, random: () => 0 },
    chaos: async () => noFaults,
  };
  return { ports, sent, parked };
}

describe('filterEvents', () => {
  test('returns the events of the time range in their order, both limits included', () => {
    const mixed = outboxRecordWith(orderCreated(timeAt(-1)), paymentAuthorized(timeAt(5)));
    const events = filterEvents([recordAt(11), recordAt(10), recordAt(0), mixed], tenMinutes);
    expect(events.map(({ time }) => time)).toEqual([timeAt(0), timeAt(5), timeAt(10)]);
  });

  test('returns only events of the given types', () => {
    const records = [outboxRecordWith(orderCreated(timeAt(1)), paymentAuthorized(timeAt(1)))];
    const events = filterEvents(records, { ...tenMinutes, types: ['PaymentAuthorized'] });
    expect(events.map(({ type }) => type)).toEqual(['PaymentAuthorized']);
  });
});

describe('resendEvents', () => {
  test('sends events unchanged, so that consumers recognize them', async () => {
    const { ports, sent } = createRelay(() => false);
    const pages = pagesOf([recordAt(1), recordAt(2)], [], [recordAt(3)]);
    const result = await resendEvents({ pages, filter: tenMinutes, ports, signal });
    expect(result).toEqual({ found: 3, sent: 3, parked: 0, by_type: { OrderCreated: 3 } });
    expect(sent).toEqual([1, 2, 3].map((minute) => ({ ...eventAt(minute), published_at: timeAt(30) })));
  });

  test('parks events that the bus refuses and counts them separately', async () => {
    const refused = eventAt(2).id;
    const { ports, parked } = createRelay(({ id }) => id === refused);
    const result = await resendEvents({
      pages: pagesOf([recordAt(1), recordAt(2), recordAt(3)]),
      filter: tenMinutes,
      ports,
      signal,
    });
    expect(result).toMatchObject({ found: 3, sent: 2, parked: 1 });
    expect(parked.map(({ id }) => id)).toEqual([refused]);
  });

  test('throws if an event can be neither sent nor parked', async () => {
    const { ports } = createRelay(() => true);
    const broken = { ...ports, park: async () => Promise.reject(new Error('no queue')) };
    await expect(
      resendEvents({ pages: pagesOf([recordAt(1)]), filter: tenMinutes, ports: broken, signal }),
    ).rejects.toThrow('no queue');
  });

  test('only counts events without a relay', async () => {
    const result = await resendEvents({ pages: pagesOf([recordAt(1)]), filter: tenMinutes, ports: undefined, signal });
    expect(result).toMatchObject({ found: 1, sent: 0, parked: 0 });
  });

  test('ends after the current page when it is interrupted', async () => {
    const { ports, sent } = createRelay(() => false);
    await resendEvents({
      pages: pagesOf([recordAt(1)], [recordAt(2)]),
      filter: tenMinutes,
      ports,
      signal: AbortSignal.abort(),
    });
    expect(sent).toHaveLength(1);
  });
});

describe('parseEventFilter', () => {
  test('accepts a duration before now or two times', () => {
    expect(parseEventFilter({ since: '10m' }, minuteMs(10))).toEqual(tenMinutes);
    expect(parseEventFilter({ from: timeAt(0), to: timeAt(10) }, minuteMs(20))).toEqual(tenMinutes);
  });

  test.each([
    [{}, 'either --from or --since'],
    [{ from: timeAt(0), since: '1m' }, 'either --from or --since'],
    [{ from: timeAt(5), to: timeAt(1) }, 'is after the end'],
  ])('rejects %j', (options, message) => expect(() => parseEventFilter(options, minuteMs(20))).toThrow(message));
});
