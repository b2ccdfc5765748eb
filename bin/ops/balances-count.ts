import { getJson } from './api-client.ts';
import { defineCommand } from './command.ts';
import { columns } from './print.ts';

export interface Stats {
  readonly users: number;
  readonly balances: number;
  /** The digits as raw JSON if a number cannot hold them exactly. */
  readonly total: number | { readonly rawJSON: string };
  readonly last_tick_at: string | null;
}

export default defineCommand({
  details: 'The data comes from the read model, by GET /balances/stats.',
  examples: ['balances count', 'balances count --json'],
  run: async ({ target, print }) => {
    const stats = await getJson<Stats>(target, '/balances/stats', 'balances-api');
    print.result(stats, () => formatStats(stats));
  },
});

export const formatStats = ({ users, balances, total, last_tick_at }: Stats): string =>
  columns([
    ['users', String(users)],
    ['balances', String(balances)],
    ['total', typeof total === 'number' ? String(total) : total.rawJSON],
    ['last tick', last_tick_at ?? 'never'],
  ]).join('\n');
