import { PaymentAuthorized } from '../../events/payments/payment-authorized.ts';
import { consume } from '../shared/consume.ts';
import { ticketsDeps } from './deps.ts';

export const handler = consume(
  [PaymentAuthorized],
  ticketsDeps,
  (event, { tickets }, call) => tickets.issue(event, call),
  (event, death, { tickets }) => tickets.mourn(event, death),
);
