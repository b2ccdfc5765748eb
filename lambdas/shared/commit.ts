import { randomUUID } from 'node:crypto';
import { type Clock, jitter } from './clock.ts';
import { AlreadyDone, Busy } from './errors.ts';
import { checkLimits } from './limits.ts';
import { type Outgoing, outboxRecord } from './outbox.ts';
import { type Key, keyOf, type Reader, Refused, type Store, type Write } from './store.ts';

export interface Change<T> {
  readonly writes: readonly Write[];
  readonly publish?: readonly Outgoing[];
  readonly result: T;
}

/**
 * Reads what it needs, decides, and says what to write. It runs again from its reads whenever the rows moved; `moved`
 * are those that refused the last attempt, for a plan with many rows of which few are worth another look.
 */
export type Plan<T> = (read: Reader, moved: readonly Key[]) => Promise<Change<T>>;

/** Where to write, and until when to try. */
export interface Unit {
  readonly store: Store;
  readonly clock: Clock;
  /** In ms since the epoch. After it contention is given up with `Busy`. */
  readonly deadline: number;
}

const FIRST_WAIT_MS = 10;
const LONGEST_WAIT_MS = 400;

/**
 * The one place that writes: state, outbox records and receipts in one transaction, or nothing at all.
 * Contention is decided anew from fresh reads; a decision row that is there already ends it with `AlreadyDone`.
 */
export async function commit<T>({ store, clock, deadline }: Unit, plan: Plan<T>): Promise<T> {
  let moved: readonly Key[] = [];
  for (let attempt = 0; ; attempt++) {
    const ended = await once(store, clock, (read) => plan(read, moved));
    if ('result' in ended) return ended.result;
    moved = ended.moved;
    const wait = jitter(clock, attempt, FIRST_WAIT_MS, LONGEST_WAIT_MS);
    if (clock.now() + wait > deadline) throw new Busy(`still contended after ${attempt + 1} attempts`);
    await clock.sleep(wait);
  }
}

type Attempt<T> = { readonly result: T } | { readonly moved: readonly Key[] };

async function once<T>(store: Store, clock: Clock, plan: (read: Reader) => Promise<Change<T>>): Promise<Attempt<T>> {
  try {
    const { writes, publish = [], result } = await plan(store);
    // beside state, the state's own row decides; an answer given again has nothing but its outbox record
    const answers = writes.length === 0;
    const all = [...writes, ...publish.map((outgoing) => outboxRecord(outgoing, clock.now(), answers))];
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
    if (!(error instanceof Refused)) throw error;
    await throwIfDecided(error, all, store);
    throwIfStatedBefore(error, all, states);
    return all.filter((_, at) => MOVED.has(error.reasons[at]?.why)).map(keyOf);
  }
}

/** Every other refusal says that the rows are not as they were read: the plan must look again. */
async function throwIfDecided({ reasons }: Refused, writes: readonly Write[], store: Store): Promise<void> {
  for (const [at, reason] of reasons.entries()) {
    const write = writes[at];
    if (reason.why !== 'condition' || write?.op !== 'put' || !write.decides) continue;
    // never what was to be written: a caller compares the row with its own request
    const row = reason.row ?? (await store.get(keyOf(write)));
    if (row) throw new AlreadyDone(row);
  }
}

/**
 * An event that stands in the outbox already, beside state that has not moved: no fresh read mends that. It would pass
 * for contention for ever, put back again and again where no alarm sees it.
 */
function throwIfStatedBefore({ reasons }: Refused, writes: readonly Write[], states: number): void {
  const refused = [...reasons.keys()].filter((at) => reasons[at]?.why !== 'none');
  if (refused.length === 0 || refused.some((at) => at < states || reasons[at]?.why !== 'condition')) return;
  const records = refused.flatMap((at) => writes[at] ?? []).map((write) => keyOf(write).sk);
  throw new Error(`stated before, though its state has not moved: ${records.join(', ')}`);
}
