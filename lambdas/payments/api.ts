import { createApi } from '../shared/http/api.ts';
import { deposit } from './deposit.ts';
import { paymentsDeps } from './deps.ts';
import { listEntries } from './list-entries.ts';
import { openAccount } from './open-account.ts';
import { paymentsRoutes } from './routes.ts';
import { showBalance } from './show-balance.ts';

export const handler = createApi(paymentsRoutes, { openAccount, deposit, showBalance, listEntries }, paymentsDeps);
