import { AccountOpened } from '../../events/payments/account-opened.ts';
import { BalancesUpdated } from '../../events/payments/balances-updated.ts';
import { consumeGroups } from '../shared/messaging/consume.ts';
import { bucketOfEvent } from './balance-store.ts';
import { balancesDeps } from './deps.ts';

/**
 * Handles the messages of one bucket together: its summary is written once for up to 97 accounts, the transaction's
 * limit.
 */
export const handler = consumeGroups({
  events: [AccountOpened, BalancesUpdated],
  createDeps: balancesDeps,
  groupKeyOf: bucketOfEvent,
  handle: (events, { balances }) => balances.applyEvents(events),
});
