import { api } from '../shared/api.ts';
import { opsRoutes } from './routes.ts';
import { showHealth } from './show-health.ts';
import { showOpenApi } from './show-openapi.ts';

export const handler = api(opsRoutes, { showHealth, showOpenApi }, () => () => ({}));
