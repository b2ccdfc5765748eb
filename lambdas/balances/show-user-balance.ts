import * as z from 'zod/mini';
import { UserId } from '../../events/ids.ts';
import { HttpResponse, route } from '../shared/http/route.ts';
import type { BalancesApiDeps } from './deps.ts';
import { BalanceView, cacheHeader, cacheStatus } from './view.ts';

export const showUserBalance = route(
  { params: z.strictObject({ user_id: UserId }), returns: BalanceView, headers: [cacheHeader] },
  async ({ params: { user_id } }, { balances, balanceCache }: BalancesApiDeps) => {
    const { value: balance, isHit } = await balanceCache.getOrLoad(user_id, () => balances.get(user_id));
    return new HttpResponse(balance, cacheStatus(isHit));
  },
);
