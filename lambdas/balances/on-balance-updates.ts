import { AccountOpened } from '../../events/payments/account-opened.ts';
import { BalancesUpdated } from '../../events/payments/balances-updated.ts';
import { consumeGroups } from '../shared/messaging/consume.ts';
import { bucketOfEvent } from './balance-store.ts';
import { balancesDeps } from './deps.ts';

/** The updates of one bucket in a batch are written together, so its summary is written once. */
export const handler = consumeGroups(
  [AccountOpened, BalancesUpdated],
  balancesDeps,
  bucketOfEvent,
  (events, { balances }) => balances.applyEvents(events),
);
