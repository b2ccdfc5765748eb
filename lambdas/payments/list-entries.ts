import * as z from 'zod/mini';
import { UserId } from '../../events/ids.ts';
import { Money } from '../../events/money.ts';
import { limitOf, nextLink, pageQuery, parseCursor } from '../shared/http/paging.ts';
import { HttpResponse, route } from '../shared/http/route.ts';
import type { PaymentsDeps } from './deps.ts';

const Entry = z.object({
  entry_id: z.string(),
  amount: Money,
  balance_after: Money,
  version: z.int(),
  reason: z.enum(['deposit', 'order', 'refund', 'tick', 'seed']),
  ref: z.string(),
  at: z.iso.datetime(),
});

/** A position has two parts, since a statement merges two lists: a version of the account, and a row of its chunk. */
const StatementCursor = z.tuple([z.int().check(z.gte(1)), z.string().check(z.minLength(1))]);

export const listEntries = route(
  {
    params: z.strictObject({ user_id: UserId }),
    query: z.strictObject(pageQuery),
    returns: z.array(Entry),
  },
  async ({ params: { user_id }, query }, { accounts }: PaymentsDeps) => {
    const after = parseCursor(query, StatementCursor);
    const { lines, next } = await accounts.readStatement(user_id, { limit: limitOf(query), after });
    const path = `/payments/accounts/${encodeURIComponent(user_id)}/entries`;
    return new HttpResponse(lines, next ? nextLink(path, {}, query, next) : {});
  },
);
