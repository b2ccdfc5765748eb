import * as z from 'zod/mini';
import { cacheHeader, toCacheHeaders } from '../shared/cache/x-cache.ts';
import { BigInteger, toBigInteger } from '../shared/http/big-integer.ts';
import { HttpResponse, route } from '../shared/http/route.ts';
import type { BalancesApiDeps } from './deps.ts';

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
  async (_, { cached }: BalancesApiDeps) => {
    const { summary, status } = await cached.getSummary();
    const { users, balances, sum, last_tick_at = null } = summary;
    return new HttpResponse({ users, balances, total: toBigInteger(sum), last_tick_at }, toCacheHeaders(status));
  },
);
