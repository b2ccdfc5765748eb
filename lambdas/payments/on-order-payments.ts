import { OrderCreated } from '../../events/orders/order-created.ts';
import { consumeGroups } from '../shared/messaging/consume.ts';
import { paymentsDeps } from './deps.ts';

/** Handles all orders of one account in a batch together, so an account with many orders is as fast as any other. */
export const handler = consumeGroups({
  events: [OrderCreated],
  createDeps: paymentsDeps,
  groupKeyOf: (event) => event.data.user_id,
  handle: (events, { payments }, context) => payments.pay(events, context),
  recordDeadLetter: (event, deadLetter, { payments }) => payments.recordDeadLetter(event, deadLetter),
});
