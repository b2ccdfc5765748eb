import { randomUUID } from 'node:crypto';
import { createOutboxRecord, type Publication } from '../outbox/outbox-record.ts';
import { type Clock, fullJitterMs } from '../runtime/clock.ts';
import { AlreadyDone, Busy } from '../runtime/errors.ts';
import { checkLimits } from './limits.ts';
import { type Key, keyOf, type Reader, type Store, type Write, WriteRefused } from './store.ts';

export interface Change<T> {
  readonly writes: readonly Write[];
  readonly publish?: readonly Publication[];
  readonly result: T;
}

/**
 * Reads what it needs, decides, and says what to write. It runs again from its reads whenever the rows moved; `moved`
 * are those that refused the last attempt, for a plan with many rows of which few are worth another look.
 */
export type Plan<T> = (read: Reader, moved: readonly Key[]) => Promise<Change<T>>;

/** Where to write, and until when to try. */
export interface UnitOfWork {
  readonly store: Store;
  readonly clock: Clock;
  /** In ms since the epoch. After it contention is given up with `Busy`. */
  readonly deadlineMs: number;
}

const BASE_WAIT_MS = 10;
const MAX_WAIT_MS = 400;

/**
 * The one place that writes: state, outbox records and receipts in one transaction, or nothing at all.
 * Contention is decided anew from fresh reads; a decision row that is there already ends it with `AlreadyDone`.
 */
export async function commit<T>({ store, clock, deadlineMs }: UnitOfWork, plan: Plan<T>): Promise<T> {
  let moved: readonly Key[] = [];
  for (let attempt = 0; ; attempt++) {
    const ended = await attemptOnce(store, clock, (read) => plan(read, moved));
    if ('result' in ended) return ended.result;
    moved = ended.moved;
    const wait = fullJitterMs(clock, attempt, BASE_WAIT_MS, MAX_WAIT_MS);
    if (clock.now() + wait > deadlineMs) throw new Busy(`still contended after ${attempt + 1} attempts`);
    await clock.sleep(wait);
  }
}

type Attempt<T> = { readonly result: T } | { readonly moved: readonly Key[] };

async function attemptOnce<T>(
  store: Store,
  clock: Clock,
  plan: (read: Reader) => Promise<Change<T>>,
): Promise<Attempt<T>> {
  try {
    const { writes, publish = [], result } = await plan(store);
    // beside state, the state's own row decides; an answer given again has nothing but its outbox record
    const answers = writes.length === 0;
    const all = [...writes, ...publish.map((outgoing) => createOutboxRecord(outgoing, clock.now(), answers))];
    const moved = all.length > 0 ? await write(store, all, writes.length) : undefined;
    return moved ? { moved } : { result };
  } catch (error) {
    // reads that are throttled are asked again as well, and not given up at once: a message would come right back
    if (error instanceof Busy) return { moved: [] };
    throw error;
  }
}

/** A table that throttles, or is away, says nothing of its rows. */
const MOVED: ReadonlySet<string | undefined> = new Set(['condition', 'conflict']);

/** Answers which rows had moved, where nothing was written; nothing to answer where all of it was. */
async function write(store: Store, all: readonly Write[], states: number): Promise<Key[] | undefined> {
  checkLimits(all);
  try {
    // a new token for each plan: what was decided anew is another transaction
    await store.write(all, randomUUID());
    return undefined;
  } catch (error) {
    if (!(error instanceof WriteRefused)) throw error;
    await throwIfDecided(error, all, store);
    throwIfPublishedBefore(error, all, states);
    return all.filter((_, at) => MOVED.has(error.reasons[at]?.kind)).map(keyOf);
  }
}

/** Every other refusal says that the rows are not as they were read: the plan must look again. */
async function throwIfDecided({ reasons }: WriteRefused, writes: readonly Write[], store: Store): Promise<void> {
  for (const [at, reason] of reasons.entries()) {
    const write = writes[at];
    if (reason.kind !== 'condition' || write?.op !== 'put' || !write.decides) continue;
    // never what was to be written: a caller compares the row with its own request
    const row = reason.row ?? (await store.get(keyOf(write)));
    if (row) throw new AlreadyDone(row);
  }
}

/**
 * An event that stands in the outbox already, beside state that has not moved: no fresh read mends that. It would pass
 * for contention for ever, put back again and again where no alarm sees it.
 */
function throwIfPublishedBefore({ reasons }: WriteRefused, writes: readonly Write[], states: number): void {
  const refused = [...reasons.keys()].filter((at) => reasons[at]?.kind !== 'none');
  if (refused.length === 0 || refused.some((at) => at < states || reasons[at]?.kind !== 'condition')) return;
  const records = refused.flatMap((at) => writes[at] ?? []).map((write) => keyOf(write).sk);
  throw new Error(`stated before, though its state has not moved: ${records.join(', ')}`);
}
