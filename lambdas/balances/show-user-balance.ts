import * as z from 'zod/mini';
import { UserId } from '../../events/ids.ts';
import { Answer, route } from '../shared/route.ts';
import type { BalancesDoors } from './deps.ts';
import { BalanceView, cacheHeader, fromCache } from './view.ts';

export const showUserBalance = route(
  { params: z.strictObject({ user_id: UserId }), returns: BalanceView, headers: [cacheHeader] },
  async ({ params: { user_id } }, { balances, views }: BalancesDoors) => {
    const { answer, isHit } = await views.ask(user_id, () => balances.view(user_id));
    return new Answer(answer, fromCache(isHit));
  },
);
