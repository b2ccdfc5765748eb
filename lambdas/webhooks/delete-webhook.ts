import * as z from 'zod/mini';
import { WebhookId } from '../../events/ids.ts';
import { route } from '../shared/http/route.ts';
import type { WebhooksApiDeps } from './deps.ts';

export const deleteWebhook = route(
  { params: z.strictObject({ id: WebhookId }), returns: z.object({ id: WebhookId, status: z.literal('deleted') }) },
  async ({ params: { id } }, { webhooks }: WebhooksApiDeps) => {
    await webhooks.remove(id);
    return { id, status: 'deleted' as const };
  },
);
