import { createApi } from '../shared/http/api.ts';
import { reportsApiDeps } from './deps.ts';
import { requestReport } from './request-report.ts';
import { reportsRoutes } from './routes.ts';
import { showReport } from './show-report.ts';

export const handler = createApi(reportsRoutes, { requestReport, showReport }, reportsApiDeps);
