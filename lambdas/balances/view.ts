import * as z from 'zod/mini';
import { UserId } from '../../events/ids.ts';
import { Money } from '../../events/money.ts';

export const BalanceView = z.object({
  user_id: UserId,
  balance: Money,
  version: z.int(),
  updated_at: z.iso.datetime(),
});
