import { describe, expect, test } from 'vitest';
import type { Envelope } from '../../../events/envelope.ts';
import { relay, splitIntoBatches } from '../../../lambdas/relay/relay.ts';
import { createSteppingClock, eventOfSize, greeted, noChaos, withChaosRates } from '../../support/fixtures.ts';

const many = (count: number) => Array.from({ length: count }, (_, at) => greeted(`g${at}`));
const idsOf = (events: readonly Envelope[]) => events.map(({ id }) => id);

/** Ports that remember; `answers` decides of each event of each call whether it arrives. */
function ports(answers: (event: Envelope, call: number) => string | undefined = () => undefined, random = 0.5) {
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
      return events.map((event) => answers(event, calls.length - 1));
    },
    park: async (events: readonly Envelope[]) => void parked.push(...events),
  };
}

describe('the relay', () => {
  test('sends tens, in their order, each stamped with the time at which it was published', async () => {
    const to = ports();
    const events = many(23);
    await relay(events, to);
    expect(to.calls.map(({ length }) => length)).toEqual([10, 10, 3]);
    expect(idsOf(to.calls.flat())).toEqual(idsOf(events));
    const stamp = new Date(to.clock.now()).toISOString();
    expect(to.calls.flat()).toEqual(events.map((event) => ({ ...event, published_at: stamp })));
    expect(to.parked).toEqual([]);
  });

  test('does nothing at all for nothing', async () => {
    const to = ports();
    await relay([], to);
    expect(to.calls).toEqual([]);
  });

  test('fills no batch beyond 240 KB, and sends what is heavy by itself', () => {
    const events = [
      ...[100, 100, 39, 10].map((kb, at) => eventOfSize(`w${at}`, kb * 1024)),
      eventOfSize('heavy', 230 * 1024),
    ];
    const sent = splitIntoBatches(events);
    expect(sent.map(({ length }) => length)).toEqual([3, 1, 1]);
    for (const batch of sent)
      expect(batch.map((one) => Buffer.byteLength(JSON.stringify(one))).reduce((a, b) => a + b)).toBeLessThanOrEqual(
        240 * 1024,
      );
    expect(idsOf(sent.flat())).toEqual(idsOf(events));
  });

  test('weighs events in bytes rather than letters', () => {
    const heavy = (name: string): Envelope => ({ ...greeted(name), data: { ballast: '漢'.repeat(50 * 1024) } });
    expect(splitIntoBatches([heavy('a'), heavy('b')]).map(({ length }) => length)).toEqual([1, 1]);
  });

  test('checks each entry’s result, and sends only what was refused again', async () => {
    const to = ports((event, call) =>
      call === 0 && ['Greeted:g1', 'Greeted:g3'].includes(event.id) ? 'Throttled' : undefined,
    );
    await relay(many(5), to);
    expect(to.calls.map(idsOf)).toEqual([
      ['Greeted:g0', 'Greeted:g1', 'Greeted:g2', 'Greeted:g3', 'Greeted:g4'],
      ['Greeted:g1', 'Greeted:g3'],
    ]);
    expect(to.parked).toEqual([]);
  });

  test('retries twice after short random waits, then parks what is left as it stood in the outbox', async () => {
    const to = ports((event) => (event.id === 'Greeted:g2' ? 'InternalFailure' : undefined), 1);
    const events = many(4);
    await relay(events, to);
    expect(to.calls.map(({ length }) => length)).toEqual([4, 1, 1]);
    expect(to.clock.waits).toEqual([20, 40]);
    expect(to.parked).toEqual([events[2]]);
  });

  test('stamps a retried event anew', async () => {
    const to = ports((_, call) => (call === 0 ? 'later' : undefined), 1);
    await relay(many(1), to);
    const [first, second] = to.calls.flat().map(({ published_at }) => Date.parse(String(published_at)));
    expect(Number(second) - Number(first)).toBe(20);
  });

  test('takes a bus that cannot be reached as one that took nothing', async () => {
    const to = ports();
    await relay(many(12), {
      ...to,
      bus: async () => {
        throw new Error('ECONNREFUSED');
      },
    });
    expect(idsOf(to.parked)).toEqual(idsOf(many(12)));
  });

  test('parks the batch that fails and sends the one behind it', async () => {
    const failing = new Set(idsOf(many(10)));
    const to = ports((event) => (failing.has(event.id) ? 'no' : undefined));
    await relay(many(13), to);
    expect(idsOf(to.parked)).toEqual([...failing]);
    expect(idsOf(to.calls.at(-1) ?? [])).toEqual(['Greeted:g10', 'Greeted:g11', 'Greeted:g12']);
  });

  test('throws only if parking fails too, so that the stream repeats the batch', async () => {
    const to = ports(() => 'no');
    const park = async () => {
      throw new Error('SQS is away');
    };
    await expect(relay(many(1), { ...to, park })).rejects.toThrow('SQS is away');
    await expect(relay(many(1), { ...ports(), park })).resolves.toBeUndefined();
  });

  test('loses nothing to the failures made on purpose', async () => {
    const to = ports();
    await relay(many(3), { ...to, chaos: withChaosRates({ publish_failure: 1 }) });
    expect(to.calls).toEqual([]);
    expect(idsOf(to.parked)).toEqual(idsOf(many(3)));
  });

  test('names the right events where some were struck on purpose and others were refused by the bus', async () => {
    const to = ports((event) => (event.id === 'Greeted:g2' ? 'no' : undefined));
    const rolls = [0.1, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9];
    const clock = { ...to.clock, random: () => rolls.shift() ?? 0.9 };
    await relay(many(4), { ...to, clock, chaos: withChaosRates({ publish_failure: 0.5 }) });
    expect(to.calls.map(idsOf)).toEqual([
      ['Greeted:g1', 'Greeted:g2', 'Greeted:g3'],
      ['Greeted:g0', 'Greeted:g2'],
      ['Greeted:g2'],
    ]);
    expect(idsOf(to.parked)).toEqual(['Greeted:g2']);
  });
});
