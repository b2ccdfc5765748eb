import * as z from 'zod/mini';
import { UserId } from '../../events/ids.ts';
import { Amount, Money } from '../../events/money.ts';
import { Answer, replayed, route } from '../shared/route.ts';
import type { PaymentsDeps } from './deps.ts';

export const deposit = route(
  {
    body: z.strictObject({ user_id: UserId, amount: Amount }),
    returns: z.object({ user_id: UserId, balance: Money }),
  },
  async ({ body: { user_id, amount }, making, correlationId }, { payments }: PaymentsDeps) => {
    const { made, replayed: again } = await payments.deposit(user_id, amount, making(user_id), correlationId);
    return new Answer(made, again ? replayed : {});
  },
);
