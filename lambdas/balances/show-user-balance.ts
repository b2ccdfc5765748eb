import * as z from 'zod/mini';
import { UserId } from '../../events/ids.ts';
import { Reply, route } from '../shared/http/route.ts';
import type { BalancesApiDeps } from './deps.ts';
import { BalanceView, cacheHeader, cacheStatus } from './view.ts';

export const showUserBalance = route(
  { params: z.strictObject({ user_id: UserId }), returns: BalanceView, headers: [cacheHeader] },
  async ({ params: { user_id } }, { balances, views }: BalancesApiDeps) => {
    const { answer, isHit } = await views.ask(user_id, () => balances.view(user_id));
    return new Reply(answer, cacheStatus(isHit));
  },
);
