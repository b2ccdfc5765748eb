import { setTimeout as pause } from 'node:timers/promises';
import { NEWEST } from '../../lambdas/balances/balance.ts';
import { getJson } from './api-client.ts';
import { parseWholeNumber } from './arguments.ts';
import { defineCommand } from './command.ts';
import { onClearedScreen, table } from './print.ts';

const EVERY_MS = 1000;

export interface Balance {
  readonly user_id: string;
  readonly balance: number;
  readonly version: number;
  readonly updated_at: string;
}

export default defineCommand({
  options: {
    limit: { type: 'string', value: 'n', help: `at most n of them (${NEWEST}, and no more)` },
    watch: { type: 'boolean', help: 'again every second, until Ctrl-C' },
  },
  about: 'The latest changes of balances over all users, newest first, by GET /balances/latest.',
  examples: ['balances latest', 'balances latest --watch', 'balances latest --limit 3 --json'],
  run: async ({ values, target, print, signal }) => {
    const limit = parseWholeNumber(values.limit, '--limit', NEWEST, NEWEST);
    const look = () => getJson<Balance[]>(target, `/balances/latest?limit=${limit}`, 'balances-api');
    if (!values.watch) {
      const latest = await look();
      print.result(latest, () => latestTable(latest));
      return undefined;
    }
    while (!signal.aborted) {
      const latest = await look();
      print.line(latest, () => onClearedScreen(latestTable(latest)));
      await pause(EVERY_MS, undefined, { signal }).catch(() => undefined);
    }
    return undefined;
  },
});

export const latestTable = (latest: readonly Balance[]): string =>
  latest.length === 0
    ? 'No balance has changed yet.'
    : table(
        ['user', 'balance', 'version', 'changed'],
        latest.map(({ user_id, balance, version, updated_at }) => [
          user_id,
          balance,
          version,
          updated_at.replace('T', ' ').replace('Z', ''),
        ]),
      );
