import * as z from 'zod/mini';
import { cacheHeader, toCacheHeaders } from '../shared/cache/x-cache.ts';
import { HttpResponse, route } from '../shared/http/route.ts';
import type { BalancesApiDeps } from './deps.ts';

/** TypeScript's library has no type for `JSON.rawJSON` yet. */
const { rawJSON } = JSON as unknown as { rawJSON(digits: string): object };

/** The total is sent with all digits, also above 2^53, where a reader's number type may round it. */
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
  async (_, { cached }: BalancesApiDeps) => {
    const { summary, status } = await cached.getSummary();
    const { users, balances, sum, last_tick_at = null } = summary;
    return new HttpResponse({ users, balances, total: rawJSON(String(sum)), last_tick_at }, toCacheHeaders(status));
  },
);
