import { OrderCreated } from '../../events/orders/order-created.ts';
import { consumeGroups } from '../shared/messaging/consume.ts';
import { paymentsDeps } from './deps.ts';

/** Orders that wait for the same account's money are paid together, so a hot account is not slower than a cold one. */
export const handler = consumeGroups(
  [OrderCreated],
  paymentsDeps,
  (event) => event.data.user_id,
  (events, { payments }, call) => payments.pay(events, call),
  (event, deadLetter, { payments }) => payments.recordDeadLetter(event, deadLetter),
);
