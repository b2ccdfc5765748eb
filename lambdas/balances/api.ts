import { createApi } from '../shared/http/api.ts';
import { balancesApiDeps } from './deps.ts';
import { listLatest } from './list-latest.ts';
import { balancesRoutes } from './routes.ts';
import { showStats } from './show-stats.ts';
import { showUserBalance } from './show-user-balance.ts';

export const handler = createApi(balancesRoutes, { listLatest, showStats, showUserBalance }, balancesApiDeps);
