import * as z from 'zod/mini';
import { BigInteger, toBigInteger } from '../shared/http/big-integer.ts';
import { HttpResponse, route } from '../shared/http/route.ts';
import type { BalancesApiDeps } from './deps.ts';
import { cacheHeader, cacheStatus } from './view.ts';

export const showStats = route(
  {
    returns: z.object({
      users: z.int(),
      balances: z.int(),
      total: BigInteger,
      last_tick_at: z.nullable(z.iso.datetime()),
    }),
    headers: [cacheHeader],
  },
  async (_, { balances: store, summaryCache }: BalancesApiDeps) => {
    const { value: summary, isHit } = await summaryCache.getOrLoad('all', () => store.summarizeAll());
    const { users, balances, sum, last_tick_at = null } = summary;
    return new HttpResponse({ users, balances, total: toBigInteger(sum), last_tick_at }, cacheStatus(isHit));
  },
);
