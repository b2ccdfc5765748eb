import { type Envelope, Envelope as EnvelopeSchema } from '../../events/envelope.ts';
import type { Chaos } from '../shared/runtime/chaos-setting.ts';
import { type Clock, fullJitterMs, toIso } from '../shared/runtime/clock.ts';
import { count, logger } from '../shared/runtime/observability.ts';

/**
 * Sends up to ten events and returns for each `undefined` if the bus took it, else the reason. Throws at the deadline,
 * in ms since the epoch, if there is one.
 */
export type Bus = (events: readonly Envelope[], deadlineMs?: number) => Promise<(string | undefined)[]>;

export interface RelayPorts {
  readonly bus: Bus;
  /** Stores what was not sent, so that it can be retried later. Throws at the deadline. */
  readonly park: (events: readonly unknown[], deadlineMs?: number) => Promise<void>;
  readonly clock: Clock;
  readonly chaos: () => Promise<Chaos>;
}

/** Until when events are sent, and until when what was not sent is parked, in ms since the epoch. */
export interface RelayDeadlines {
  readonly sendingMs: number;
  readonly parkingMs: number;
}

/** Divides the remaining time of the function. A bus that refuses slowly must leave time for parking. */
export const relayDeadlines = (nowMs: number, remainingMs: number): RelayDeadlines => ({
  sendingMs: nowMs + remainingMs * 0.5,
  parkingMs: nowMs + remainingMs * 0.9,
});

const NO_DEADLINES: RelayDeadlines = { sendingMs: Number.POSITIVE_INFINITY, parkingMs: Number.POSITIVE_INFINITY };

/** PutEvents takes ten entries and 256 KB. The difference is for what the SDK adds to each entry. */
const BUS_LIMITS = { maxEntries: 10, maxBytes: 240 * 1024 };
/** Stream handlers must be short, so there are two retries only. The parking queue retries for 24 hours. */
const MAX_RETRIES = 2;
const BASE_WAIT_MS = 20;
const MAX_WAIT_MS = 100;

/**
 * Sends events to the bus and parks those that it has not taken by the deadline. Throws only if events could be neither
 * sent nor parked. The stream then repeats the whole batch. What is not an event is parked without an attempt, since
 * the bus would refuse all entries of its request. The consumer of the parking queue dead-letters it.
 */
export async function relay(
  candidates: readonly unknown[],
  ports: RelayPorts,
  deadlines = NO_DEADLINES,
): Promise<void> {
  const { events, unreadable } = separateEvents(candidates);
  const unsent: Envelope[] = [];
  for (const batch of splitIntoBatches(events))
    unsent.push(...(await sendWithRetries(batch, ports, deadlines.sendingMs)));
  count('EventsPublished', events.length - unsent.length);
  count('OutboxUnreadable', unreadable.length);
  const parked = [...unsent, ...unreadable];
  if (parked.length === 0) return;
  await ports.park(parked, deadlines.parkingMs);
  count('EventsParked', parked.length);
  logger.warn('events parked', { events: unsent.map(({ id }) => id), unreadable: unreadable.length });
}

/** Separates events from what is not an event envelope, for example because it was written by hand. */
export function separateEvents(candidates: readonly unknown[]): { events: Envelope[]; unreadable: unknown[] } {
  const events: Envelope[] = [];
  const unreadable: unknown[] = [];
  for (const candidate of candidates)
    if (EnvelopeSchema.safeParse(candidate).success) events.push(candidate as Envelope);
    else unreadable.push(candidate);
  return { events, unreadable };
}

/** Sends one batch, with two retries in place, and returns the events that the bus has not taken by the deadline. */
export async function sendWithRetries(
  batch: readonly Envelope[],
  ports: Omit<RelayPorts, 'park'>,
  deadlineMs: number,
): Promise<readonly Envelope[]> {
  let unsent = batch;
  for (let attempt = 0; ; attempt++) {
    if (ports.clock.now() > deadlineMs) return unsent;
    unsent = await sendOnce(unsent, ports, deadlineMs);
    if (unsent.length === 0 || attempt === MAX_RETRIES) return unsent;
    await ports.clock.sleep(fullJitterMs(ports.clock, attempt, BASE_WAIT_MS, MAX_WAIT_MS));
  }
}

/** Sends one PutEvents request and returns the events that the bus did not take: all of them if it is unreachable. */
async function sendOnce(
  events: readonly Envelope[],
  { bus, clock, chaos }: Omit<RelayPorts, 'park'>,
  deadlineMs: number,
): Promise<Envelope[]> {
  const { publish_failure } = await chaos();
  const [failed, sent]: [Envelope[], Envelope[]] = [[], []];
  for (const event of events) (publish_failure > 0 && clock.random() < publish_failure ? failed : sent).push(event);
  count('ChaosFailures', failed.length);
  if (sent.length === 0) return failed;
  const stamped = sent.map((event) => ({ ...event, published_at: toIso(clock.now()) }));
  const reasons = await bus(stamped, deadlineMs).catch((error: unknown): string[] => sent.map(() => String(error)));
  const refused = sent.filter((_, index) => reasons[index] !== undefined);
  if (refused.length > 0)
    logger.warn('bus refused events', {
      events: refused.length,
      reason: reasons.find((reason) => reason !== undefined),
    });
  return [...failed, ...refused];
}

/** Splits events into as few batches as the limits allow, by default those of the bus. */
export function splitIntoBatches<T>(events: readonly T[], { maxEntries, maxBytes } = BUS_LIMITS): T[][] {
  const batches: T[][] = [];
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
