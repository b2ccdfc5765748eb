import * as z from 'zod/mini';
import { UserId } from '../../events/ids.ts';
import { Amount, Money } from '../../events/money.ts';
import { Reply, replayedHeader, route } from '../shared/http/route.ts';
import type { PaymentsDeps } from './deps.ts';

export const deposit = route(
  {
    body: z.strictObject({ user_id: UserId, amount: Amount }),
    returns: z.object({ user_id: UserId, balance: Money }),
  },
  async ({ body: { user_id, amount }, identify, correlationId }, { payments }: PaymentsDeps) => {
    const { value, isReplay: again } = await payments.deposit(user_id, amount, identify(user_id), correlationId);
    return new Reply(value, again ? replayedHeader : {});
  },
);
