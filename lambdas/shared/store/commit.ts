import { randomUUID } from 'node:crypto';
import { createOutboxRecord, type Publication } from '../outbox/outbox-record.ts';
import { type Clock, type Deadline, fullJitterMs } from '../runtime/clock.ts';
import { AlreadyDone, Busy, OutcomeUnknown, Rejected } from '../runtime/errors.ts';
import { checkLimits } from './limits.ts';
import {
  type Key,
  keyOfWrite,
  type Reader,
  type Row,
  readRows,
  type Store,
  type Write,
  WriteRefused,
} from './store.ts';

/** What a plan has decided: the rows to write, the events to publish with them, and what the caller gets. */
export interface Change<T> {
  readonly writes: readonly Write[];
  readonly publish?: readonly Publication[];
  readonly result: T;
}

/**
 * Reads, decides and returns what to write. A plan has no side effects, because it runs again from its reads whenever
 * a row has changed since. `movedKeys` names the rows that refused the last attempt, so that a plan with many rows
 * can read only those again.
 */
export type Plan<T> = (read: Reader, movedKeys: readonly Key[]) => Promise<Change<T>>;

/** Where a plan writes, and until when it is retried. */
export interface UnitOfWork {
  readonly store: Store;
  readonly clock: Clock;
  /** In ms since the epoch. Contention that lasts longer ends with `Busy`. */
  readonly deadlineMs: number;
}

/** Returns a unit of work whose calls to the table end by its deadline too, and which reports its writes. */
export const unitOfWork = (
  { store: table, clock }: Pick<UnitOfWork, 'store' | 'clock'>,
  { deadlineMs, onWrite }: Deadline,
): UnitOfWork => {
  const store = table.withDeadline(deadlineMs);
  return { store: onWrite ? withWriteListener(store, onWrite) : store, clock, deadlineMs };
};

/** Calls the listener for each write that was applied or may have been. */
const withWriteListener = (store: Store, onWrite: () => void): Store => ({
  get: (key) => store.get(key),
  getMany: (keys) => store.getMany(keys),
  query: (query) => store.query(query),
  withDeadline: (deadlineMs) => withWriteListener(store.withDeadline(deadlineMs), onWrite),
  write: async (writes, token) => {
    try {
      await store.write(writes, token);
      onWrite();
    } catch (error) {
      if (error instanceof WriteRefused && error.mayBeWritten) onWrite();
      throw error;
    }
  },
});

/** The outcome of a commit whose decision may have been made before: the new result, or the row of the old decision. */
export type CommitOutcome<T> =
  | { readonly result: T; readonly existing?: undefined }
  | { readonly result?: undefined; readonly existing: Row };

const BASE_WAIT_MS = 10;
const MAX_WAIT_MS = 400;
/** The time after the deadline to find out whether a write without a response was applied. */
const OUTCOME_CHECK_MS = 1500;

/**
 * Writes state, outbox records and receipts in one transaction. This is the only function that writes. Under
 * contention the plan runs again with fresh reads. Throws `AlreadyDone` if the decision row exists already.
 */
export async function commit<T>(work: UnitOfWork, plan: Plan<T>): Promise<T> {
  const outcome = await commitOnce(work, plan);
  if (outcome.existing) throw new AlreadyDone(outcome.existing);
  return outcome.result;
}

/** Commits a plan, and returns an existing decision row instead of throwing. For callers that handle that case. */
export async function commitOnce<T>(work: UnitOfWork, plan: Plan<T>): Promise<CommitOutcome<T>> {
  const { store, clock, deadlineMs } = work;
  let movedKeys: readonly Key[] = [];
  let mayBeWritten = false;
  for (let attempt = 0; ; attempt++) {
    const outcome = await attemptCommit(store, clock, (read) => plan(read, movedKeys));
    if ('rejection' in outcome) {
      // A read of several rows is not a snapshot, so the plan may have seen a part of its own earlier write.
      if (mayBeWritten) return findOutcome(work, plan);
      throw outcome.rejection;
    }
    if (!('movedKeys' in outcome)) return outcome;
    movedKeys = outcome.movedKeys;
    mayBeWritten ||= outcome.mayBeWritten === true;
    const waitMs = fullJitterMs(clock, attempt, BASE_WAIT_MS, MAX_WAIT_MS);
    if (clock.now() + waitMs > deadlineMs) {
      if (mayBeWritten) return findOutcome(work, plan);
      throw new Busy(`still contended after ${attempt + 1} attempts`);
    }
    await clock.sleep(waitMs);
  }
}

/** An attempt that met contention names the rows that had changed, as far as the store named them. */
interface Contended {
  readonly movedKeys: readonly Key[];
  /** Whether a write got no response, so that it may have been applied. */
  readonly mayBeWritten?: boolean;
}

/**
 * Reads once more, after the deadline, whether a write without a response was applied: a plan that has nothing left to
 * write, or whose decision row exists, was. Throws `OutcomeUnknown` otherwise, because the write may still be applied.
 */
async function findOutcome<T>({ store, clock }: UnitOfWork, plan: Plan<T>): Promise<CommitOutcome<T>> {
  const reader = store.withDeadline(clock.now() + OUTCOME_CHECK_MS);
  try {
    const { writes, result } = createWrites(await plan(reader, []), clock);
    if (writes.length === 0) return { result };
    const decisions = writes.filter((write) => write.op === 'put' && write.decides);
    const [existing] = await readRows(reader, decisions.map(keyOfWrite));
    if (existing) return { existing };
  } catch (error) {
    if (!(error instanceof Busy || error instanceof Rejected)) throw error;
    throw new OutcomeUnknown(`a write got no response, and its effect cannot be read: ${error.message}`, {
      cause: error,
    });
  }
  throw new OutcomeUnknown('a write got no response, and its effect is not visible');
}

async function attemptCommit<T>(
  store: Store,
  clock: Clock,
  plan: (read: Reader) => Promise<Change<T>>,
): Promise<CommitOutcome<T> | Contended | { readonly rejection: Rejected }> {
  try {
    const { writes, stateCount, result } = createWrites(await plan(store), clock);
    const refusal = await writeAll(store, writes, stateCount);
    return refusal ?? { result };
  } catch (error) {
    // A throttled read is repeated here too. If it failed the message, the message would come back at once.
    if (error instanceof Busy) return { movedKeys: [] };
    if (error instanceof Rejected) return { rejection: error };
    throw error;
  }
}

/** Returns all writes of a change: first its `stateCount` rows of state, then its outbox records. */
function createWrites<T>({ writes, publish = [], result }: Change<T>, clock: Clock) {
  // Beside state, the row of the state decides. An answer event that is published alone has only its outbox record.
  const isDecision = writes.length === 0;
  const records = publish.map((publication) => createOutboxRecord(publication, clock.now(), isDecision));
  return { writes: [...writes, ...records], stateCount: writes.length, result };
}

/** A throttle or a missing response says nothing about the rows. */
const MOVED: ReadonlySet<string | undefined> = new Set(['condition', 'conflict']);

/** Returns nothing if all was written, else the existing decision or the rows that had changed. */
async function writeAll(
  store: Store,
  writes: readonly Write[],
  stateCount: number,
): Promise<{ readonly existing: Row } | Contended | undefined> {
  if (writes.length === 0) return undefined;
  checkLimits(writes);
  try {
    // Each plan gets a new token, because a new decision is another transaction.
    await store.write(writes, randomUUID());
    return undefined;
  } catch (error) {
    if (!(error instanceof WriteRefused)) throw error;
    const existing = await existingDecision(error, writes, store);
    if (existing) return { existing };
    throwIfPublishedBefore(error, writes, stateCount);
    return {
      movedKeys: writes.filter((_, index) => MOVED.has(error.reasons[index]?.kind)).map(keyOfWrite),
      mayBeWritten: error.mayBeWritten,
    };
  }
}

/** Returns the decision row that refused the write. Any other refusal means that the rows are not as they were read. */
async function existingDecision(
  { reasons }: WriteRefused,
  writes: readonly Write[],
  store: Store,
): Promise<Row | undefined> {
  for (const [index, reason] of reasons.entries()) {
    const write = writes[index];
    if (reason.kind !== 'condition' || write?.op !== 'put' || !write.decides) continue;
    // It must be the stored row, never the one to be written: callers compare it with their own request.
    const row = reason.row ?? (await store.get(keyOfWrite(write)));
    if (row) return row;
  }
  return undefined;
}

/**
 * Throws if only outbox records were refused, because they exist already while the state has not moved. No fresh read
 * resolves that. Treated as contention, the message would be requeued forever, and no alarm would see it.
 */
function throwIfPublishedBefore({ reasons }: WriteRefused, writes: readonly Write[], stateCount: number): void {
  const refused = [...reasons.keys()].filter((index) => reasons[index]?.kind !== 'none');
  const isOnlyRecords = refused.every((index) => index >= stateCount && reasons[index]?.kind === 'condition');
  if (refused.length === 0 || !isOnlyRecords) return;
  const records = refused.flatMap((index) => writes[index] ?? []).map((write) => keyOfWrite(write).sk);
  throw new Error(`published before, although the state has not moved: ${records.join(', ')}`);
}
