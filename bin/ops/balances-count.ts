import { askFor } from './api-door.ts';
import { command } from './command.ts';
import { columns } from './print.ts';

export interface Stats {
  readonly users: number;
  readonly balances: number;
  /** As its digits where a number cannot hold it. */
  readonly total: number | { readonly rawJSON: string };
  readonly last_tick_at: string | null;
}

export default command({
  options: {},
  about: 'As the read model has them, by GET /balances/stats.',
  examples: ['balances count', 'balances count --json'],
  run: async ({ target, print }) => {
    const stats = await askFor<Stats>(target, '/balances/stats', 'balances-api');
    print.either(stats, () => statsInWords(stats));
    return undefined;
  },
});

export const statsInWords = ({ users, balances, total, last_tick_at }: Stats): string =>
  columns([
    ['users', String(users)],
    ['balances', String(balances)],
    ['total', typeof total === 'number' ? String(total) : total.rawJSON],
    ['last tick', last_tick_at ?? 'never'],
  ]).join('\n');
