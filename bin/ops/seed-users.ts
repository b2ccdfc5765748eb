import { seededUser } from '../../lambdas/payments/update-programme/seeding.ts';
import { DEFAULT_COUNT, DEFAULT_SEED, seedUsers } from '../../tools/user-seeding.ts';
import { parseWholeNumber } from './arguments.ts';
import { defineCommand } from './command.ts';
import { table } from './print.ts';
import { openTables } from './tables.ts';

const MAX_COUNT = 10_000_000;
const MAX_SEED = 999_999;

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
