import { AccountOpened } from '../../events/payments/account-opened.ts';
import { BalancesUpdated } from '../../events/payments/balances-updated.ts';
import { consumeGroups } from '../shared/messaging/consume.ts';
import { bucketOfEvent } from './balance-store.ts';
import { balancesDeps } from './deps.ts';

/** Handles the messages of a batch for one bucket together, so that the bucket's summary is written once for each transaction of up to 97 accounts. */
export const handler = consumeGroups(
  [AccountOpened, BalancesUpdated],
  balancesDeps,
  bucketOfEvent,
  (events, { balances }) => balances.applyEvents(events),
);
