import * as z from 'zod/mini';
import { WebhookId } from '../../events/ids.ts';
import { route } from '../shared/http/route.ts';
import type { WebhooksApiDeps } from './deps.ts';
import { toWebhookView, WebhookView } from './view.ts';

export const showWebhook = route(
  { params: z.strictObject({ id: WebhookId }), returns: WebhookView },
  async ({ params: { id } }, { webhooks }: WebhooksApiDeps) => toWebhookView(await webhooks.get(id)),
);
