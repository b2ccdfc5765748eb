import type { Envelope, EventDefinition } from '../../events/envelope.ts';
import type { Bus } from '../../lambdas/relay/relay.ts';
import { matchesPattern } from './event-pattern.ts';
import type { Faults } from './faults.ts';
import type { MemoryQueue } from './memory-queue.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** The limits of EventBridge for one PutEvents request. */
const MAX_ENTRIES = 10;
const MAX_BYTES = 256 * 1024;

interface BusOptions {
  readonly clock: VirtualClock;
  readonly faults: () => Faults;
}

/** An event bus with a rule for each source of the events of a queue. */
export class SimulatedBus {
  /** Every event that the bus accepted and did not lose. */
  readonly published: Envelope[] = [];
  readonly #options: BusOptions;
  readonly #rules: { readonly pattern: unknown; readonly queue: MemoryQueue }[] = [];
  #calls = 0;

  constructor(options: BusOptions) {
    this.#options = options;
  }

  /** Adds a rule for each source of the events, as `EventConsumer` does. */
  subscribe(queue: MemoryQueue, events: readonly EventDefinition[]): void {
    for (const [source, ofSource] of Map.groupBy(events, (event) => event.source)) {
      const types = ofSource.flatMap(({ pattern }) => pattern.detailType);
      this.#rules.push({ queue, pattern: { source: [source], 'detail-type': types } });
    }
  }

  /** Sends an event to each queue that has a rule for it. */
  deliver(event: Envelope): void {
    const envelope = { source: event.source, 'detail-type': event.type };
    for (const { pattern, queue } of this.#rules)
      if (matchesPattern(pattern, envelope)) queue.send(JSON.stringify(event));
  }

  readonly putEvents: Bus = async (events) => {
    const { clock, faults } = this.#options;
    const { busFails, loses } = faults();
    await clock.sleep(1);
    if (busFails?.(this.#calls++, clock.now())) throw new Error('the bus is unavailable');
    checkLimits(events);
    for (const event of events) {
      if (loses?.(event)) continue;
      this.published.push(event);
      this.deliver(event);
    }
    return events.map(() => undefined);
  };
}

function checkLimits(events: readonly Envelope[]): void {
  const bytes = events.reduce((sum, event) => sum + Buffer.byteLength(JSON.stringify(event)), 0);
  if (events.length > MAX_ENTRIES || bytes > MAX_BYTES)
    throw new Error(`PutEvents takes ${MAX_ENTRIES} entries and ${MAX_BYTES} bytes, not ${events.length} and ${bytes}`);
}
