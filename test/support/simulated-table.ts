import { clientSettings } from '../../lambdas/shared/runtime/client-settings.ts';
import { Busy } from '../../lambdas/shared/runtime/errors.ts';
import {
  type Key,
  type Query,
  type Reason,
  type Row,
  type Store,
  type Write,
  WriteRefused,
  withConflicts,
} from '../../lambdas/shared/store/store.ts';
import type { Faults, TableFailure, TableName, TableOperation } from './faults.ts';
import { duringInvocation } from './invocation.ts';
import { createMemoryStore, type MemoryStore, type RowChange } from './memory-store.ts';
import type { VirtualClock } from './virtual-clock.ts';

interface TableOptions {
  readonly name: TableName;
  readonly clock: VirtualClock;
  readonly faults: () => Faults;
  /** Receives each change of a row: the stream of the table. */
  readonly onChange: (change: RowChange) => void;
}

/** The time after which the SDK repeats a call that gets no response. */
const ATTEMPT_MS = clientSettings.requestHandler.requestTimeout;
/** The time after which the SDK gives up a call that gets no response, unless its deadline is sooner. */
export const CLIENT_GIVES_UP_MS = clientSettings.maxAttempts * ATTEMPT_MS;
/** How long a call takes that fails in this way. A throttled call is repeated by the SDK before it is reported. */
const FAILURE_MS: Readonly<Record<TableFailure, number>> = {
  hangs: CLIENT_GIVES_UP_MS,
  throttles: 200,
  repeats: ATTEMPT_MS,
};
/** One read of several rows finds them at up to four moments. */
const MAX_MOMENTS = 4;
const READ_SPREAD_MS = 1;

/** The client has waited until its timeout or its deadline. */
class NoResponse extends Error {
  override readonly name = 'NoResponse';
}

/** A table in memory as handlers reach it: a call takes time and may fail, and rows are read at different moments. */
export class SimulatedTable {
  /** The table without latency and faults, for checks and for tests that write directly to the table. */
  readonly rows: MemoryStore;
  /** The table as handlers use it. */
  readonly store: Store;
  readonly #options: TableOptions;
  readonly #conflictingRows: Store;
  #pendingCalls = 0;

  constructor(options: TableOptions) {
    const { clock, faults, onChange } = options;
    this.#options = options;
    this.rows = createMemoryStore({ now: clock.now, indexLagMs: () => faults().indexLagMs ?? 0, onChange });
    this.#conflictingRows = withConflicts(this.rows, () => faults().chaos?.transaction_conflict ?? 0, clock.random);
    this.store = this.#storeUntil(Number.POSITIVE_INFINITY);
  }

  /** False while a call is on its way, also if its handler has ended. */
  get isIdle(): boolean {
    return this.#pendingCalls === 0;
  }

  #storeUntil(deadlineMs: number): Store {
    const { rows } = this;
    return {
      withDeadline: (sooner) => this.#storeUntil(sooner),
      get: (key) => this.#read('get', deadlineMs, () => rows.get(key)),
      getMany: (keys) => this.#read('getMany', deadlineMs, () => this.#getInParts(keys, deadlineMs)),
      query: (query) => this.#read('query', deadlineMs, () => this.#queryInParts(query, deadlineMs)),
      write: (writes, token) => this.#write(writes, token, deadlineMs),
    };
  }

  #read<T>(operation: TableOperation, deadlineMs: number, read: () => Promise<T>): Promise<T> {
    return duringInvocation(async () => {
      try {
        const failure = this.#failureOf(operation);
        if (failure) await this.#fail(failure, deadlineMs);
        return await this.#respond(read, deadlineMs);
      } catch (error) {
        throw error instanceof NoResponse ? new Busy(`${this.#options.name} does not respond`) : error;
      }
    });
  }

  #write(writes: readonly Write[], token: string, deadlineMs: number): Promise<void> {
    const refusal = (kind: Reason['kind']) => new WriteRefused(writes.map(() => ({ kind })));
    const write = () => this.#conflictingRows.write(writes, token);
    return duringInvocation(async () => {
      const { name, clock } = this.#options;
      if (clock.now() >= deadlineMs) throw new Busy(`no time is left to write to ${name}`);
      try {
        const failure = this.#failureOf('write');
        if (failure === 'repeats') return await this.#writeTwice(write, writes.length, deadlineMs);
        if (failure === 'hangs') this.#mayArriveLate(write);
        if (failure) await this.#fail(failure, deadlineMs);
        await this.#respond(write, deadlineMs);
      } catch (error) {
        if (error instanceof NoResponse) throw refusal('no_response');
        throw error instanceof Busy ? refusal('throttled') : error;
      }
    });
  }

  /**
   * Loses the response to the first attempt of a write, which the SDK then repeats. DynamoDB recognizes a transaction
   * by its token. It executes the write of a single row again, and may refuse it because of the first attempt.
   */
  async #writeTwice(write: () => Promise<void>, rows: number, deadlineMs: number): Promise<void> {
    const arrives = this.#options.clock.random() < 0.5;
    const isWritten = arrives && (await succeeds(this.#respond(write, deadlineMs)));
    await this.#wait(ATTEMPT_MS, deadlineMs);
    try {
      await this.#respond(isWritten && rows > 1 ? async () => undefined : write, deadlineMs);
    } catch (error) {
      throw error instanceof WriteRefused ? new WriteRefused(error.reasons, true) : error;
    }
  }

  #failureOf(operation: TableOperation): TableFailure | undefined {
    const { name, clock, faults } = this.#options;
    return faults().tableFails?.({ table: name, operation, nowMs: clock.now() });
  }

  async #fail(failure: TableFailure, deadlineMs: number): Promise<void> {
    await this.#wait(FAILURE_MS[failure], deadlineMs);
    if (failure === 'hangs') throw new NoResponse();
    if (failure === 'throttles') throw new Busy(`${this.#options.name} is throttled`);
  }

  /** The way to the table and back takes time, also if the table refuses. */
  async #respond<T>(perform: () => Promise<T>, deadlineMs: number): Promise<T> {
    this.#pendingCalls += 1;
    try {
      await this.#travel(deadlineMs);
      const [result] = await Promise.allSettled([perform()]);
      await this.#travel(deadlineMs);
      if (result.status === 'rejected') throw result.reason;
      return result.value;
    } finally {
      this.#pendingCalls -= 1;
    }
  }

  #travel(deadlineMs: number): Promise<void> {
    return this.#wait((1 + this.#options.clock.random()) / 2, deadlineMs);
  }

  /** Lets time pass. Throws at the deadline, since the client then stops waiting. */
  async #wait(ms: number, deadlineMs: number): Promise<void> {
    const { clock } = this.#options;
    const leftMs = deadlineMs - clock.now();
    if (ms <= leftMs) return clock.sleep(ms);
    await clock.sleep(Math.max(0, leftMs));
    throw new NoResponse();
  }

  /** Half of the writes without a response are done, some of them only after the client has given up. */
  #mayArriveLate(write: () => Promise<void>): void {
    const { clock } = this.#options;
    if (clock.random() < 0.5) return;
    this.#pendingCalls += 1;
    const arrive = clock.sleep(clock.random() * 2 * CLIENT_GIVES_UP_MS).then(write);
    // If its conditions do not hold by then, the table refuses it, and nobody learns that.
    void Promise.allSettled([arrive]).then(() => {
      this.#pendingCalls -= 1;
    });
  }

  /** Reads each row at one of several moments. Transactions may be committed in between, as during a BatchGetItem. */
  async #getInParts(keys: readonly Key[], deadlineMs: number): Promise<(Row | undefined)[]> {
    const { clock } = this.#options;
    const moments = Math.min(keys.length, MAX_MOMENTS);
    // A key that is named twice is read once.
    const momentOf = new Map(keys.map((key) => [keyText(key), Math.floor(clock.random() * moments)]));
    const reads = keys.map((key, index) => ({ key, index, moment: momentOf.get(keyText(key)) }));
    const found: (Row | undefined)[] = [];
    for (let moment = 0; moment < moments; moment++) {
      if (moment > 0) await this.#pauseOf(moments, deadlineMs);
      const due = reads.filter((read) => read.moment === moment);
      const rows = await this.rows.getMany(due.map(({ key }) => key));
      for (const [position, { index }] of due.entries()) found[index] = rows[position];
    }
    return found;
  }

  /** Reads the first rows of a partition before the others. An index lags anyway, so it is read at once. */
  async #queryInParts(query: Query, deadlineMs: number): Promise<Row[]> {
    const { clock } = this.#options;
    const rows = await this.rows.query(query);
    if (query.index || rows.length < 2) return rows;
    const first = rows.slice(0, 1 + Math.floor(clock.random() * (rows.length - 1)));
    const last = first.at(-1)?.sk;
    await this.#pauseOf(2, deadlineMs);
    const others = await this.rows.query({
      ...query,
      ...(query.newestFirst ? { below: last } : { above: last }),
      ...(query.limit === undefined ? {} : { limit: query.limit - first.length }),
    });
    return [...first, ...others];
  }

  /** The pause between two of several moments of one read. Together they take up to the time of the setting. */
  #pauseOf(moments: number, deadlineMs: number): Promise<void> {
    const { clock, faults } = this.#options;
    return this.#wait((clock.random() * (faults().readSpreadMs ?? READ_SPREAD_MS)) / (moments - 1), deadlineMs);
  }
}

/** Waits for a write, and returns whether it was done. */
const succeeds = async (write: Promise<void>): Promise<boolean> =>
  (await Promise.allSettled([write])).every(({ status }) => status === 'fulfilled');

const keyText = ({ pk, sk }: Key): string => `${pk}\n${sk}`;
