import { AccountOpened } from '../../events/payments/account-opened.ts';
import { BalancesUpdated } from '../../events/payments/balances-updated.ts';
import { consumeGroups } from '../shared/messaging/consume.ts';
import { bucketOfEvent } from './balance-store.ts';
import { balancesDeps } from './deps.ts';

/** What waits for accounts of one bucket is one change of its summary. */
export const handler = consumeGroups(
  [AccountOpened, BalancesUpdated],
  balancesDeps,
  bucketOfEvent,
  (events, { balances }) => balances.take(events),
);
