import { api } from '../shared/api.ts';
import { deposit } from './deposit.ts';
import { paymentsDeps } from './deps.ts';
import { listEntries } from './list-entries.ts';
import { openAccount } from './open-account.ts';
import { paymentsRoutes } from './routes.ts';
import { showBalance } from './show-balance.ts';

export const handler = api(paymentsRoutes, { openAccount, deposit, showBalance, listEntries }, paymentsDeps);
