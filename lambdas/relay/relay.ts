import type { Envelope } from '../../events/envelope.ts';
import type { Chaos } from '../shared/runtime/chaos-setting.ts';
import { type Clock, fullJitterMs, toIso } from '../shared/runtime/clock.ts';
import { count, logger } from '../shared/runtime/observability.ts';

/** Sends up to ten events at once and says of each whether it has arrived: `undefined`, or why not. */
export type Bus = (events: readonly Envelope[]) => Promise<(string | undefined)[]>;

export interface RelayPorts {
  readonly bus: Bus;
  /** Takes over what the bus does not take, for good. */
  readonly park: (events: readonly Envelope[]) => Promise<void>;
  readonly clock: Clock;
  readonly chaos: () => Promise<Chaos>;
}

/** Of a function's time; the rest is for what must be done with all that the bus has not taken. */
export const DEADLINE_SHARE = 0.5;

/** PutEvents takes ten entries and 256 KB; the margin is for what the SDK wraps around each. */
const MAX_ENTRIES = 10;
const MAX_BYTES = 240 * 1024;
/** Stream handlers must be short: two more tries, then the parking queue has all the time there is. */
const MAX_RETRIES = 2;
const BASE_WAIT_MS = 20;
const MAX_WAIT_MS = 100;

/**
 * Sends them all, in order as far as the bus allows, and parks what it has not taken by the deadline (in ms since the
 * epoch): a bus that says no slowly must leave time for that, or the stream repeats the same batch for ever. Throws
 * only if an event could be neither sent nor parked.
 */
export async function relay(
  events: readonly Envelope[],
  ports: RelayPorts,
  deadlineMs = Number.POSITIVE_INFINITY,
): Promise<void> {
  const parked: Envelope[] = [];
  for (const batch of splitIntoBatches(events)) parked.push(...(await sendWithRetries(batch, ports, deadlineMs)));
  count('EventsPublished', events.length - parked.length);
  if (parked.length === 0) return;
  await ports.park(parked);
  count('EventsParked', parked.length);
  logger.warn('events parked', { events: parked.map(({ id }) => id) });
}

/** What is still unsent after the retries. */
async function sendWithRetries(
  batch: readonly Envelope[],
  ports: RelayPorts,
  deadlineMs: number,
): Promise<readonly Envelope[]> {
  let left = batch;
  for (let attempt = 0; ; attempt++) {
    if (ports.clock.now() > deadlineMs) return left;
    left = await sendOnce(left, ports);
    if (left.length === 0 || attempt === MAX_RETRIES) return left;
    await ports.clock.sleep(fullJitterMs(ports.clock, attempt, BASE_WAIT_MS, MAX_WAIT_MS));
  }
}

/** One PutEvents; answers the events that did not arrive. A bus that cannot be reached took none of them. */
export async function sendOnce(
  events: readonly Envelope[],
  { bus, clock, chaos }: Omit<RelayPorts, 'park'>,
): Promise<Envelope[]> {
  const { publish_failure } = await chaos();
  const struck = events.map(() => publish_failure > 0 && clock.random() < publish_failure);
  const failed = events.filter((_, at) => struck[at]);
  count('ChaosFailures', failed.length);
  const sent = events.filter((_, at) => !struck[at]).map((event) => ({ ...event, published_at: toIso(clock.now()) }));
  if (sent.length === 0) return failed;
  const faults = await bus(sent).catch((error: unknown): string[] => sent.map(() => String(error)));
  const refused = faults.filter((fault) => fault !== undefined);
  if (refused.length > 0) logger.warn('bus refused', { events: refused.length, reason: refused[0] });
  return [...failed, ...events.filter((_, at) => !struck[at]).filter((_, at) => faults[at] !== undefined)];
}

/** As few batches as the bus' limits allow. */
export function splitIntoBatches(events: readonly Envelope[]): Envelope[][] {
  const all: Envelope[][] = [];
  let bytes = 0;
  for (const event of events) {
    const size = Buffer.byteLength(JSON.stringify(event));
    const last = all.at(-1);
    if (last && last.length < MAX_ENTRIES && bytes + size <= MAX_BYTES) {
      last.push(event);
      bytes += size;
    } else {
      all.push([event]);
      bytes = size;
    }
  }
  return all;
}
