import { createApi } from '../shared/http/api.ts';
import { createWebhook } from './create-webhook.ts';
import { deleteWebhook } from './delete-webhook.ts';
import { webhooksApiDeps } from './deps.ts';
import { listWebhooks } from './list-webhooks.ts';
import { webhooksRoutes } from './routes.ts';
import { showWebhook } from './show-webhook.ts';

const routes = { createWebhook, listWebhooks, showWebhook, deleteWebhook };

export const handler = createApi(webhooksRoutes, routes, webhooksApiDeps);
