import type { Envelope } from '../../events/envelope.ts';
import type { Chaos } from '../shared/runtime/chaos-setting.ts';
import { type Clock, fullJitterMs, toIso } from '../shared/runtime/clock.ts';
import { count, logger } from '../shared/runtime/observability.ts';

/** Sends up to ten events and returns for each `undefined` if the bus took it, else the reason. */
export type Bus = (events: readonly Envelope[]) => Promise<(string | undefined)[]>;

export interface RelayPorts {
  readonly bus: Bus;
  /** Stores the events that the bus refused, so that they can be retried later. */
  readonly park: (events: readonly Envelope[]) => Promise<void>;
  readonly clock: Clock;
  readonly chaos: () => Promise<Chaos>;
}

/** The share of the function's time for sending. The rest is for parking what the bus did not take. */
export const DEADLINE_SHARE = 0.5;

/** PutEvents takes ten entries and 256 KB. The difference is for what the SDK adds to each entry. */
const BUS_LIMITS = { maxEntries: 10, maxBytes: 240 * 1024 };
/** Stream handlers must be short, so there are two retries only. The parking queue retries for 24 hours. */
const MAX_RETRIES = 2;
const BASE_WAIT_MS = 20;
const MAX_WAIT_MS = 100;

/**
 * Sends events to the bus and parks those that it has not taken by the deadline, in ms since the epoch. A bus that
 * refuses slowly must leave time for parking, or the stream would repeat the same batch without end. Throws only if
 * events could be neither sent nor parked.
 */
export async function relay(
  events: readonly Envelope[],
  ports: RelayPorts,
  deadlineMs = Number.POSITIVE_INFINITY,
): Promise<void> {
  const unsent: Envelope[] = [];
  for (const batch of splitIntoBatches(events)) unsent.push(...(await sendWithRetries(batch, ports, deadlineMs)));
  count('EventsPublished', events.length - unsent.length);
  if (unsent.length === 0) return;
  await ports.park(unsent);
  count('EventsParked', unsent.length);
  logger.warn('events parked', { events: unsent.map(({ id }) => id) });
}

async function sendWithRetries(
  batch: readonly Envelope[],
  ports: RelayPorts,
  deadlineMs: number,
): Promise<readonly Envelope[]> {
  let unsent = batch;
  for (let attempt = 0; ; attempt++) {
    if (ports.clock.now() > deadlineMs) return unsent;
    unsent = await sendOnce(unsent, ports);
    if (unsent.length === 0 || attempt === MAX_RETRIES) return unsent;
    await ports.clock.sleep(fullJitterMs(ports.clock, attempt, BASE_WAIT_MS, MAX_WAIT_MS));
  }
}

/** Sends one PutEvents request and returns the events that the bus did not take: all of them if it is unreachable. */
export async function sendOnce(
  events: readonly Envelope[],
  { bus, clock, chaos }: Omit<RelayPorts, 'park'>,
): Promise<Envelope[]> {
  const { publish_failure } = await chaos();
  const [failed, sent]: [Envelope[], Envelope[]] = [[], []];
  for (const event of events) (publish_failure > 0 && clock.random() < publish_failure ? failed : sent).push(event);
  count('ChaosFailures', failed.length);
  if (sent.length === 0) return failed;
  const stamped = sent.map((event) => ({ ...event, published_at: toIso(clock.now()) }));
  const reasons = await bus(stamped).catch((error: unknown): string[] => sent.map(() => String(error)));
  const refused = sent.filter((_, index) => reasons[index] !== undefined);
  if (refused.length > 0)
    logger.warn('bus refused events', {
      events: refused.length,
      reason: reasons.find((reason) => reason !== undefined),
    });
  return [...failed, ...refused];
}

/** Splits events into as few batches as the limits allow, by default those of the bus. */
export function splitIntoBatches(events: readonly Envelope[], { maxEntries, maxBytes } = BUS_LIMITS): Envelope[][] {
  const batches: Envelope[][] = [];
  let bytes = 0;
  for (const event of events) {
    const size = Buffer.byteLength(JSON.stringify(event));
    const last = batches.at(-1);
    if (last && last.length < maxEntries && bytes + size <= maxBytes) {
      last.push(event);
      bytes += size;
    } else {
      batches.push([event]);
      bytes = size;
    }
  }
  return batches;
}
