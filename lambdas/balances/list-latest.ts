import * as z from 'zod/mini';
import { Reply, route } from '../shared/http/route.ts';
import { NEWEST } from './balance.ts';
import type { BalancesApiDeps } from './deps.ts';
import { BalanceView, cacheHeader, cacheStatus } from './view.ts';

/** No bucket keeps more than its newest, so that is how many are right of all of them together. */
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
  async ({ query: { limit = NEWEST } }, { balances, totals }: BalancesApiDeps) => {
    const { answer, isHit } = await totals.ask('overall', () => balances.overall());
    return new Reply(answer.newest.slice(0, limit), cacheStatus(isHit));
  },
);
