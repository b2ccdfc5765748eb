import * as z from 'zod/mini';
import { UserId } from '../../events/ids.ts';
import { cacheHeader, toCacheHeaders } from '../shared/cache/x-cache.ts';
import { HttpResponse, route } from '../shared/http/route.ts';
import type { BalancesApiDeps } from './deps.ts';
import { BalanceView } from './view.ts';

export const showUserBalance = route(
  { params: z.strictObject({ user_id: UserId }), returns: BalanceView, headers: [cacheHeader] },
  async ({ params: { user_id } }, { cached }: BalancesApiDeps) => {
    const { balance, status } = await cached.get(user_id);
    return new HttpResponse(balance, toCacheHeaders(status));
  },
);
