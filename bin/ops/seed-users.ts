import { programmeStore } from '../../lambdas/payments/programme-store.ts';
import { groupOf, groupsIn, seededUser } from '../../lambdas/payments/seeding.ts';
import { systemClock } from '../../lambdas/shared/clock.ts';
import type { Store } from '../../lambdas/shared/store.ts';
import { wholeNumber } from './arguments.ts';
import { command } from './command.ts';
import { table } from './print.ts';
import { tablesOf } from './tables.ts';

const DEFAULT_COUNT = 1000;
const MOST = 10_000_000;
const DEFAULT_SEED = 42;
const MOST_SEEDS = 999_999;
/** A chunk is a transaction of a hundred items; more at once than this would make the local engine no faster. */
const AT_ONCE = 4;
const PATIENCE_MS = 60_000;

export default command({
  options: {
    count: { type: 'string', value: 'n', help: `so many users (${DEFAULT_COUNT})` },
    seed: { type: 'string', value: 'n', help: `which users: each seed has its own, always the same (${DEFAULT_SEED})` },
  },
  about:
    'Each gets an account, a balance from 0.00 to 10,000.00 and a place in a chunk of the update programme, by entries\n' +
    'of the ledger like all money. Run again, it makes those who are missing: more of them where the count is higher.',
  examples: ['seed users', 'seed users --count 100000', 'seed users --count 50 --seed 7'],
  run: async ({ values, target, print, signal }) => {
    const count = wholeNumber(values.count, '--count', DEFAULT_COUNT, MOST);
    const seed = wholeNumber(values.seed, '--seed', DEFAULT_SEED, MOST_SEEDS);
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
    print.either(told, () => table(Object.keys(told), [Object.values(told)]));
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
  const programme = () => programmeStore({ store, clock: systemClock, deadline: Date.now() + PATIENCE_MS });
  const chunks = await programme().claim(seed, groupsIn(count));
  let [next, done, made] = [0, 0, 0];
  const lane = async () => {
    for (let group = next++; group < chunks.length && !signal.aborted; group = next++) {
      const users = groupOf(seed, group, count);
      const fresh = await programme().seed(seed, Number(chunks[group]), users);
      made += fresh;
      done += users.length;
      progress(done);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return made;
}
