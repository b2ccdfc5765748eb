import { describe, expect, test } from 'vitest';
import type { Envelope } from '../../../events/envelope.ts';
import { relay, splitIntoBatches } from '../../../lambdas/relay/relay.ts';
import { createSteppingClock, eventOfSize, greeted, noChaos, noon, withChaosRates } from '../../support/fixtures.ts';

const createEvents = (count: number) => Array.from({ length: count }, (_, index) => greeted(`g${index}`));
const idsOf = (events: readonly Envelope[]) => events.map(({ id }) => id);

/** Creates recording ports. `errorFor` returns an error code for each event that the bus refuses in a call. */
function createPorts(errorFor: (event: Envelope, call: number) => string | undefined = () => undefined, random = 0.5) {
  const calls: Envelope[][] = [];
  const parked: Envelope[] = [];
  const clock = createSteppingClock(random);
  return {
    calls,
    parked,
    clock,
    chaos: noChaos,
    bus: async (events: readonly Envelope[]) => {
      calls.push([...events]);
      return events.map((event) => errorFor(event, calls.length - 1));
    },
    park: async (events: readonly unknown[]) => void parked.push(...(events as Envelope[])),
  };
}

describe('the relay', () => {
  test('sends batches of 10 in order and sets published_at', async () => {
    const ports = createPorts();
    const events = createEvents(23);
    await relay(events, ports);
    expect(ports.calls.map(({ length }) => length)).toEqual([10, 10, 3]);
    expect(idsOf(ports.calls.flat())).toEqual(idsOf(events));
    const publishedAt = new Date(ports.clock.now()).toISOString();
    expect(ports.calls.flat()).toEqual(events.map((event) => ({ ...event, published_at: publishedAt })));
    expect(ports.parked).toEqual([]);
  });

  test('sends nothing if there are no events', async () => {
    const ports = createPorts();
    await relay([], ports);
    expect(ports.calls).toEqual([]);
  });

  test('limits a batch to 240 KB and sends a large event alone', () => {
    const events = [
      ...[100, 100, 39, 10].map((kb, index) => eventOfSize(`w${index}`, kb * 1024)),
      eventOfSize('large', 230 * 1024),
    ];
    const batches = splitIntoBatches(events);
    expect(batches.map(({ length }) => length)).toEqual([3, 1, 1]);
    for (const batch of batches)
      expect(
        batch.map((event) => Buffer.byteLength(JSON.stringify(event))).reduce((a, b) => a + b),
      ).toBeLessThanOrEqual(240 * 1024);
    expect(idsOf(batches.flat())).toEqual(idsOf(events));
  });

  test('measures events in bytes', () => {
    const createLargeEvent = (name: string): Envelope => ({
      ...greeted(name),
      data: { filler: '漢'.repeat(50 * 1024) },
    });
    expect(splitIntoBatches([createLargeEvent('a'), createLargeEvent('b')]).map(({ length }) => length)).toEqual([
      1, 1,
    ]);
  });

  test('sends only refused entries again', async () => {
    const ports = createPorts((event, call) =>
      call === 0 && ['Greeted:g1', 'Greeted:g3'].includes(event.id) ? 'Throttled' : undefined,
    );
    await relay(createEvents(5), ports);
    expect(ports.calls.map(idsOf)).toEqual([
      ['Greeted:g0', 'Greeted:g1', 'Greeted:g2', 'Greeted:g3', 'Greeted:g4'],
      ['Greeted:g1', 'Greeted:g3'],
    ]);
    expect(ports.parked).toEqual([]);
  });

  test('retries twice after short random waits, then parks the unsent events unchanged', async () => {
    const ports = createPorts((event) => (event.id === 'Greeted:g2' ? 'InternalFailure' : undefined), 1);
    const events = createEvents(4);
    await relay(events, ports);
    expect(ports.calls.map(({ length }) => length)).toEqual([4, 1, 1]);
    expect(ports.clock.waits).toEqual([20, 40]);
    expect(ports.parked).toEqual([events[2]]);
  });

  test('sets published_at again for a retried event', async () => {
    const ports = createPorts((_, call) => (call === 0 ? 'Throttled' : undefined), 1);
    await relay(createEvents(1), ports);
    const [first, second] = ports.calls.flat().map(({ published_at }) => Date.parse(String(published_at)));
    expect(Number(second) - Number(first)).toBe(20);
  });

  test('parks all events if the bus cannot be reached', async () => {
    const ports = createPorts();
    await relay(createEvents(12), {
      ...ports,
      bus: async () => {
        throw new Error('ECONNREFUSED');
      },
    });
    expect(idsOf(ports.parked)).toEqual(idsOf(createEvents(12)));
  });

  test('parks a batch that fails and sends the next one', async () => {
    const failing = new Set(idsOf(createEvents(10)));
    const ports = createPorts((event) => (failing.has(event.id) ? 'no' : undefined));
    await relay(createEvents(13), ports);
    expect(idsOf(ports.parked)).toEqual([...failing]);
    expect(idsOf(ports.calls.at(-1) ?? [])).toEqual(['Greeted:g10', 'Greeted:g11', 'Greeted:g12']);
  });

  test('parks what is not an event without sending it, and sends its neighbours', async () => {
    const ports = createPorts();
    const { source: _, ...withoutSource } = greeted('bad');
    await relay([greeted('a'), withoutSource, null, greeted('b')], ports);
    expect(ports.calls.map(idsOf)).toEqual([['Greeted:a', 'Greeted:b']]);
    expect(ports.parked).toEqual([withoutSource, null]);
  });

  test('calls the bus and the parking queue with their deadlines', async () => {
    const deadlines: unknown[] = [];
    await relay(
      createEvents(1),
      {
        ...createPorts(),
        bus: async (events, deadlineMs) => {
          deadlines.push(deadlineMs);
          return events.map(() => 'no');
        },
        park: async (_, deadlineMs) => void deadlines.push(deadlineMs),
      },
      { sendingMs: noon + 1000, parkingMs: noon + 2000 },
    );
    expect(deadlines).toEqual([noon + 1000, noon + 1000, noon + 1000, noon + 2000]);
  });

  test('throws only if parking fails too, so that the stream retries the batch', async () => {
    const ports = createPorts(() => 'no');
    const park = async () => {
      throw new Error('SQS is unavailable');
    };
    await expect(relay(createEvents(1), { ...ports, park })).rejects.toThrow('SQS is unavailable');
    await expect(relay(createEvents(1), { ...createPorts(), park })).resolves.toBeUndefined();
  });

  test('parks events that fail because of chaos', async () => {
    const ports = createPorts();
    await relay(createEvents(3), { ...ports, chaos: withChaosRates({ publish_failure: 1 }) });
    expect(ports.calls).toEqual([]);
    expect(idsOf(ports.parked)).toEqual(idsOf(createEvents(3)));
  });

  test('retries the right events if some fail because of chaos and others are refused', async () => {
    const ports = createPorts((event) => (event.id === 'Greeted:g2' ? 'no' : undefined));
    const randoms = [0.1, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9];
    const clock = { ...ports.clock, random: () => randoms.shift() ?? 0.9 };
    await relay(createEvents(4), { ...ports, clock, chaos: withChaosRates({ publish_failure: 0.5 }) });
    expect(ports.calls.map(idsOf)).toEqual([
      ['Greeted:g1', 'Greeted:g2', 'Greeted:g3'],
      ['Greeted:g0', 'Greeted:g2'],
      ['Greeted:g2'],
    ]);
    expect(idsOf(ports.parked)).toEqual(['Greeted:g2']);
  });
});
