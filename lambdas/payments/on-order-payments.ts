import { OrderCreated } from '../../events/orders/order-created.ts';
import { consumeGroups } from '../shared/messaging/consume.ts';
import { paymentsDeps } from './deps.ts';

/** Handles all orders of one account in a batch together, so an account with many orders is as fast as any other. */
export const handler = consumeGroups(
  [OrderCreated],
  paymentsDeps,
  (event) => event.data.user_id,
  (events, { payments }, context) => payments.pay(events, context),
  (event, deadLetter, { payments }) => payments.recordDeadLetter(event, deadLetter),
);
