import * as z from 'zod/mini';
import { cacheHeader, toCacheHeaders } from '../shared/cache/x-cache.ts';
import { HttpResponse, route } from '../shared/http/route.ts';
import { NEWEST } from './balance.ts';
import type { BalancesApiDeps } from './deps.ts';
import { BalanceView } from './view.ts';

/** A summary keeps no more than its newest balances, so a longer list of all accounts would not be exact. */
const Limit = z.pipe(
  z.string().check(z.regex(/^[1-9][0-9]?$/, `a whole number from 1 to ${NEWEST}`)),
  z.pipe(z.transform(Number), z.int().check(z.lte(NEWEST))),
);

export const listLatest = route(
  {
    query: z.strictObject({ limit: z.optional(Limit) }),
    returns: z.array(BalanceView),
    headers: [cacheHeader],
  },
  async ({ query: { limit = NEWEST } }, { cached }: BalancesApiDeps) => {
    const { summary, status } = await cached.getSummary();
    return new HttpResponse(summary.newest.slice(0, limit), toCacheHeaders(status));
  },
);
