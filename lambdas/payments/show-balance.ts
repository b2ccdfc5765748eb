import * as z from 'zod/mini';
import { UserId } from '../../events/ids.ts';
import { Money } from '../../events/money.ts';
import { route } from '../shared/http/route.ts';
import type { PaymentsDeps } from './deps.ts';

export const showBalance = route(
  {
    params: z.strictObject({ user_id: UserId }),
    returns: z.object({ user_id: UserId, balance: Money }),
  },
  ({ params: { user_id } }, { accounts }: PaymentsDeps) => accounts.read(user_id),
);
