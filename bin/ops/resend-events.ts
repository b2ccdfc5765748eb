import type { Envelope } from '../../events/envelope.ts';
import { type RelayPorts, relay } from '../../lambdas/relay/relay.ts';
import type { Row } from '../../lambdas/shared/store/store.ts';
import { type EventFilter, filterEvents } from './stored-events.ts';

export interface ResendResult {
  found: number;
  sent: number;
  /** Events that the bus refused. The queue outbox-retry holds them until the bus accepts them. */
  parked: number;
  readonly by_type: Record<string, number>;
}

interface Resend {
  readonly pages: AsyncIterable<readonly Row[]>;
  readonly filter: EventFilter;
  readonly ports: RelayPorts | undefined;
  readonly signal: AbortSignal;
  readonly onProgress?: (result: ResendResult) => void;
}

/** Concurrent PutEvents calls. The bus accepts far more, but the engine on a laptop is not faster with more. */
const CONCURRENT_CALLS = 4;

/**
 * Sends the selected events again without a change. Each keeps its id, by which a consumer recognizes what it has
 * already processed. Without ports, the events are only counted.
 */
export async function resendEvents({ pages, filter, ports, signal, onProgress }: Resend): Promise<ResendResult> {
  const result: ResendResult = { found: 0, sent: 0, parked: 0, by_type: {} };
  for await (const page of pages) {
    const events = filterEvents(page, filter);
    result.found += events.length;
    for (const { type } of events) result.by_type[type] = (result.by_type[type] ?? 0) + 1;
    if (ports) await sendAll(events, ports, result);
    onProgress?.(result);
    if (signal.aborted) break;
  }
  return result;
}

async function sendAll(events: readonly Envelope[], ports: RelayPorts, result: ResendResult): Promise<void> {
  const size = Math.ceil(events.length / CONCURRENT_CALLS);
  const parts = Array.from({ length: CONCURRENT_CALLS }, (_, index) => events.slice(index * size, (index + 1) * size));
  let parked = 0;
  const park: RelayPorts['park'] = async (refused) => {
    await ports.park(refused);
    parked += refused.length;
  };
  await Promise.all(parts.map((part) => relay(part, { ...ports, park })));
  result.parked += parked;
  result.sent += events.length - parked;
}
