import * as z from 'zod/mini';
import { UserId } from '../../events/ids.ts';
import { Amount, Money } from '../../events/money.ts';
import { HttpResponse, replayedHeader, route } from '../shared/http/route.ts';
import type { PaymentsDeps } from './deps.ts';

export const deposit = route(
  {
    body: z.strictObject({ user_id: UserId, amount: Amount }),
    returns: z.object({ user_id: UserId, balance: Money }),
  },
  async ({ body, identify, correlationId }, { accounts }: PaymentsDeps) => {
    const { balance, isReplay } = await accounts.deposit(body, identify(body.user_id), correlationId);
    return new HttpResponse(balance, isReplay ? replayedHeader : {});
  },
);
