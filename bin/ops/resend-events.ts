import type { Envelope } from '../../events/envelope.ts';
import { type RelayPorts, relay } from '../../lambdas/relay/relay.ts';
import type { Row } from '../../lambdas/shared/store/store.ts';
import { type EventFilter, filterEvents } from './stored-events.ts';

export interface ResendResult {
  found: number;
  sent: number;
  /** Taken over by the outbox-retry queue, which sends them as soon as the bus takes them. */
  parked: number;
  readonly by_type: Record<string, number>;
}

/** PutEvents calls at once: the bus takes far more, and one engine on a laptop gains nothing beyond. */
const LANES = 4;

/**
 * Sends stored events again, as they are: each under its own id, by which every consumer knows what it has done
 * already. Without a relay it only counts.
 */
export async function resendEvents(
  pages: AsyncIterable<readonly Row[]>,
  wanted: EventFilter,
  ports: RelayPorts | undefined,
  signal: AbortSignal,
  onProgress: (resent: ResendResult) => void = () => undefined,
): Promise<ResendResult> {
  const resent: ResendResult = { found: 0, sent: 0, parked: 0, by_type: {} };
  for await (const page of pages) {
    const events = filterEvents(page, wanted);
    resent.found += events.length;
    for (const { type } of events) resent.by_type[type] = (resent.by_type[type] ?? 0) + 1;
    if (ports) await sendAll(events, countingParked(ports, resent), resent);
    onProgress(resent);
    if (signal.aborted) break;
  }
  return resent;
}

async function sendAll(events: readonly Envelope[], ports: RelayPorts, resent: ResendResult): Promise<void> {
  const perLane = Math.ceil(events.length / LANES);
  const lanes = Array.from({ length: LANES }, (_, lane) => events.slice(lane * perLane, (lane + 1) * perLane));
  const before = resent.parked;
  await Promise.all(lanes.map((lane) => relay(lane, ports)));
  resent.sent += events.length - (resent.parked - before);
}

const countingParked = (ports: RelayPorts, resent: ResendResult): RelayPorts => ({
  ...ports,
  park: async (events) => {
    await ports.park(events);
    resent.parked += events.length;
  },
});
