import { api } from '../shared/api.ts';
import { balancesDoors } from './deps.ts';
import { listLatest } from './list-latest.ts';
import { balancesRoutes } from './routes.ts';
import { showStats } from './show-stats.ts';
import { showUserBalance } from './show-user-balance.ts';

export const handler = api(balancesRoutes, { listLatest, showStats, showUserBalance }, balancesDoors);
