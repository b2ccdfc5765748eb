import type * as z from 'zod/mini';
import { NEWEST } from '../../lambdas/balances/balance.ts';
import type { BalanceView } from '../../lambdas/balances/view.ts';
import { getJson } from './api-client.ts';
import { parseWholeNumber } from './arguments.ts';
import { defineCommand } from './command.ts';
import { table } from './print.ts';
import { formatTime } from './time.ts';
import { printAndWatch, watchOption } from './watch.ts';

type Balance = z.infer<typeof BalanceView>;

export default defineCommand({
  options: {
    limit: { type: 'string', valueName: 'n', help: `how many changes, at most ${NEWEST} (default: ${NEWEST})` },
    watch: watchOption,
  },
  details: 'The newest change is first. The data comes from GET /balances/latest.',
  examples: ['balances latest', 'balances latest --watch', 'balances latest --limit 3 --json'],
  run: ({ values, target, ...output }) => {
    const limit = parseWholeNumber(values.limit, '--limit', NEWEST, NEWEST);
    const read = () => getJson<Balance[]>(target, `/balances/latest?limit=${limit}`, 'balances-api');
    return printAndWatch(output, values.watch, read, formatLatest);
  },
});

export const formatLatest = (balances: readonly Balance[]): string =>
  balances.length === 0
    ? 'No balance has changed yet.'
    : table(
        ['user', 'balance', 'version', 'changed'],
        balances.map((row) => [row.user_id, row.balance, row.version, formatTime(row.updated_at)]),
      );
