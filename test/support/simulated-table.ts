import { type RelayPorts, relay } from '../../lambdas/relay/relay.ts';
import { parseOutboxRecord } from '../../lambdas/shared/outbox/outbox-record.ts';
import { type Row, type Store, withConflicts } from '../../lambdas/shared/store/store.ts';
import { createMemoryStore, type MemoryStore } from './memory-store.ts';
import type { VirtualClock } from './virtual-clock.ts';

const STREAM_BATCH = 100;

interface TableOptions {
  readonly clock: VirtualClock;
  readonly relayPorts: RelayPorts;
  readonly indexLagMs: () => number;
  readonly conflictRate: () => number;
}

/** A table in memory with its stream, which feeds the relay in batches, one at a time. */
export class SimulatedTable {
  /** The table without latency and faults, for checks and for tests that write past the handlers. */
  readonly rows: MemoryStore;
  /** The table as handlers use it: each call takes time, and some writes fail with a conflict. */
  readonly store: Store;
  readonly #options: TableOptions;
  readonly #stream: Row[] = [];
  #isReading = false;

  constructor(options: TableOptions) {
    const { clock, indexLagMs, conflictRate } = options;
    this.#options = options;
    this.rows = createMemoryStore({ now: clock.now, indexLagMs, onInsert: (row) => this.#onInsert(row) });
    const { rows } = this;
    const delayed = async <T>(call: () => Promise<T>): Promise<T> => {
      await clock.sleep(1 + clock.random());
      return call();
    };
    const slow = (store: Store): Store => ({
      withDeadline: (deadlineMs) => slow(rows.withDeadline(deadlineMs)),
      get: (key) => delayed(() => store.get(key)),
      getMany: (keys) => delayed(() => store.getMany(keys)),
      query: (query) => delayed(() => store.query(query)),
      write: (writes, token) => delayed(() => store.write(writes, token)),
    });
    this.store = withConflicts(slow(rows), conflictRate, clock.random);
  }

  get isIdle(): boolean {
    return this.#stream.length === 0 && !this.#isReading;
  }

  #onInsert(row: Row): void {
    if (!row.sk.startsWith('OUTBOX#')) return;
    this.#stream.push(row);
    const { clock } = this.#options;
    clock.at(clock.now(), () => void this.#readStream());
  }

  async #readStream(): Promise<void> {
    if (this.#isReading || this.#stream.length === 0) return;
    this.#isReading = true;
    const batch = this.#stream.slice(0, STREAM_BATCH);
    await relay(batch.flatMap(parseOutboxRecord), this.#options.relayPorts);
    this.#stream.splice(0, batch.length);
    this.#isReading = false;
    await this.#readStream();
  }
}
