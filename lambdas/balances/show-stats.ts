import * as z from 'zod/mini';
import { Reply, route } from '../shared/http/route.ts';
import type { BalancesApiDeps } from './deps.ts';
import { cacheHeader, cacheStatus } from './view.ts';

/** The library's types do not know it yet. */
const { rawJSON } = JSON as unknown as { rawJSON(digits: string): object };

/** Every digit of it, also beyond 2^53: what the wire says is right, whatever its reader can hold. */
const Total = z.custom<object>().register(z.globalRegistry, { type: 'integer' });

export const showStats = route(
  {
    returns: z.object({
      users: z.int(),
      balances: z.int(),
      total: Total,
      last_tick_at: z.nullable(z.iso.datetime()),
    }),
    headers: [cacheHeader],
  },
  async (_, { balances, totals }: BalancesApiDeps) => {
    const { answer, isHit } = await totals.ask('overall', () => balances.overall());
    const { users, balances: stated, sum, last_tick_at = null } = answer;
    return new Reply({ users, balances: stated, total: rawJSON(String(sum)), last_tick_at }, cacheStatus(isHit));
  },
);
