import { PaymentAuthorized } from '../../events/payments/payment-authorized.ts';
import { consumeGroups } from '../shared/consume.ts';
import { ticketsDeps } from './deps.ts';
import { wantsOf } from './ticket.ts';

/**
 * Orders for the same products are decided together, so that a hot product is not fought over. Of one minute only: a
 * product that is not heard of yet is waited for so long, and nobody's patience is to end with that of another.
 */
export const handler = consumeGroups(
  [PaymentAuthorized],
  ticketsDeps,
  ({ data: { order_id, items }, published_at, time }) =>
    items ? `${wantsOf(items)} ${(published_at ?? time).slice(0, 16)}` : order_id,
  (events, { tickets }, call) => tickets.issue(events, call),
  (event, death, { tickets }) => tickets.mourn(event, death),
);
