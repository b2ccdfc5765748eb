import { createApi } from '../shared/http/api.ts';
import { opsRoutes } from './routes.ts';
import { showHealth } from './show-health.ts';
import { showOpenApi } from './show-openapi.ts';

export const handler = createApi(opsRoutes, { showHealth, showOpenApi }, () => () => ({}));
