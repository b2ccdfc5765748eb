import * as z from 'zod/mini';
import { UserId } from '../../events/ids.ts';
import { Money } from '../../events/money.ts';
import { belowOf, limitOf, nextLink, pageQuery } from '../shared/paging.ts';
import { Answer, route } from '../shared/route.ts';
import type { PaymentsDeps } from './deps.ts';

const Entry = z.object({
  entry_id: z.string(),
  amount: Money,
  balance_after: Money,
  version: z.int(),
  reason: z.string(),
  ref: z.string(),
  at: z.iso.datetime(),
});

export const listEntries = route(
  {
    params: z.strictObject({ user_id: UserId }),
    query: z.strictObject(pageQuery),
    returns: z.array(Entry),
  },
  async ({ params: { user_id }, query }, { payments }: PaymentsDeps) => {
    const limit = limitOf(query);
    const entries = await payments.entries(user_id, { limit, ...belowOf(query, z.int()) });
    const last = entries.length === limit && entries.at(-1);
    const path = `/payments/accounts/${encodeURIComponent(user_id)}/entries`;
    return new Answer(entries, last ? nextLink(path, {}, query, last.version) : {});
  },
);
