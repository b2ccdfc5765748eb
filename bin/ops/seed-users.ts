import { programmeStore } from '../../lambdas/payments/update-programme/programme-store.ts';
import { chunksNeeded, seededUser, usersOfGroup } from '../../lambdas/payments/update-programme/seeding.ts';
import { systemClock } from '../../lambdas/shared/runtime/clock.ts';
import type { Store } from '../../lambdas/shared/store/store.ts';
import { parseWholeNumber } from './arguments.ts';
import { defineCommand } from './command.ts';
import { table } from './print.ts';
import { openTables } from './tables.ts';

const DEFAULT_COUNT = 1000;
const MAX_COUNT = 10_000_000;
const DEFAULT_SEED = 42;
const MAX_SEED = 999_999;
/** Each chunk is a transaction of a hundred items. The local engine is not faster with more of them at once. */
const CONCURRENT_CHUNKS = 4;
const TIMEOUT_MS = 60_000;

export default defineCommand({
  options: {
    count: { type: 'string', valueName: 'n', help: `how many users (default: ${DEFAULT_COUNT})` },
    seed: {
      type: 'string',
      valueName: 'n',
      help: `the same seed always creates the same users (default: ${DEFAULT_SEED})`,
    },
  },
  details:
    'Each user gets an account in a chunk, and a balance from 0 to 1,000,000 minor units by an entry of the ledger.\n' +
    'A repeated run creates only the users that are missing, for example because the count is higher.',
  examples: ['seed users', 'seed users --count 100000', 'seed users --count 50 --seed 7'],
  run: async ({ values, target, print, signal }) => {
    const count = parseWholeNumber(values.count, '--count', DEFAULT_COUNT, MAX_COUNT);
    const seed = parseWholeNumber(values.seed, '--seed', DEFAULT_SEED, MAX_SEED);
    const startedMs = Date.now();
    const created = await seedUsers(openTables(target).payments, { seed, count, signal }, (done) =>
      print.progress('seeding', done, count),
    );
    print.progressDone();
    const report = {
      seed,
      users: count,
      new: created,
      first: seededUser(seed, 1),
      last: seededUser(seed, count),
      seconds: (Date.now() - startedMs) / 1000,
    };
    print.result(report, () => table(Object.keys(report), [Object.values(report)]));
  },
});

async function seedUsers(
  store: Store,
  { seed, count, signal }: { seed: number; count: number; signal: AbortSignal },
  onProgress: (done: number) => void,
) {
  const openProgramme = () => programmeStore({ store, clock: systemClock, deadlineMs: Date.now() + TIMEOUT_MS });
  const chunks = await openProgramme().reserveChunks(seed, chunksNeeded(count));
  let [nextGroup, done, created] = [0, 0, 0];
  const work = async () => {
    for (let group = nextGroup++; group < chunks.length && !signal.aborted; group = nextGroup++) {
      const users = usersOfGroup(seed, group, count);
      // The sum is formed after the await, since the other workers add to `created` meanwhile.
      const newUsers = await openProgramme().seedChunk(seed, Number(chunks[group]), users);
      created += newUsers;
      done += users.length;
      onProgress(done);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENT_CHUNKS }, work));
  return created;
}
