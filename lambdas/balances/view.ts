import * as z from 'zod/mini';
import { UserId } from '../../events/ids.ts';
import { Money } from '../../events/money.ts';

export const BalanceView = z.object({
  user_id: UserId,
  balance: Money,
  version: z.int(),
  updated_at: z.iso.datetime(),
});

/** Tells whether the response came from the memory of the execution environment. */
export const cacheHeader = 'X-Cache';
export const cacheStatus = (isHit: boolean): Record<string, string> => ({ [cacheHeader]: isHit ? 'hit' : 'miss' });
