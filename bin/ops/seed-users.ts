import { programmeStore } from '../../lambdas/payments/update-programme/programme-store.ts';
import { chunksNeeded, seededUser, usersOfGroup } from '../../lambdas/payments/update-programme/seeding.ts';
import { systemClock } from '../../lambdas/shared/runtime/clock.ts';
import type { Store } from '../../lambdas/shared/store/store.ts';
import { parseWholeNumber } from './arguments.ts';
import { defineCommand } from './command.ts';
import { table } from './print.ts';
import { tablesOf } from './tables.ts';

const DEFAULT_COUNT = 1000;
const MAX_COUNT = 10_000_000;
const DEFAULT_SEED = 42;
const MAX_SEED = 999_999;
/** A chunk is a transaction of a hundred items; more at once than this would make the local engine no faster. */
const CONCURRENT_CHUNKS = 4;
const TIMEOUT_MS = 60_000;

export default defineCommand({
  options: {
    count: { type: 'string', value: 'n', help: `so many users (${DEFAULT_COUNT})` },
    seed: { type: 'string', value: 'n', help: `which users: each seed has its own, always the same (${DEFAULT_SEED})` },
  },
  about:
    'Each gets an account, a balance from 0.00 to 10,000.00 and a place in a chunk of the update programme, by entries\n' +
    'of the ledger like all money. Run again, it makes those who are missing: more of them where the count is higher.',
  examples: ['seed users', 'seed users --count 100000', 'seed users --count 50 --seed 7'],
  run: async ({ values, target, print, signal }) => {
    const count = parseWholeNumber(values.count, '--count', DEFAULT_COUNT, MAX_COUNT);
    const seed = parseWholeNumber(values.seed, '--seed', DEFAULT_SEED, MAX_SEED);
    const started = Date.now();
    const made = await seedUsers(tablesOf(target).payments, { seed, count, signal }, (done) =>
      print.progress('seeding', done, count),
    );
    print.progressDone();
    const told = {
      seed,
      users: count,
      new: made,
      first: seededUser(seed, 1),
      last: seededUser(seed, count),
      seconds: (Date.now() - started) / 1000,
    };
    print.result(told, () => table(Object.keys(told), [Object.values(told)]));
    return undefined;
  },
});

interface Wanted {
  readonly seed: number;
  readonly count: number;
  readonly signal: AbortSignal;
}

/** Chunk by chunk, some at once; answers how many users are new. */
async function seedUsers(store: Store, { seed, count, signal }: Wanted, progress: (done: number) => void) {
  const programme = () => programmeStore({ store, clock: systemClock, deadlineMs: Date.now() + TIMEOUT_MS });
  const chunks = await programme().claim(seed, chunksNeeded(count));
  let [next, done, made] = [0, 0, 0];
  const lane = async () => {
    for (let group = next++; group < chunks.length && !signal.aborted; group = next++) {
      const users = usersOfGroup(seed, group, count);
      const fresh = await programme().seed(seed, Number(chunks[group]), users);
      made += fresh;
      done += users.length;
      progress(done);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENT_CHUNKS }, lane));
  return made;
}
