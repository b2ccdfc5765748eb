import * as z from 'zod/mini';
import { WebhookId } from '../../events/ids.ts';
import { limitOf, nextLink, pageQuery, parseCursor } from '../shared/http/paging.ts';
import { HttpResponse, route } from '../shared/http/route.ts';
import type { WebhooksApiDeps } from './deps.ts';
import { toWebhookView, WebhookView } from './view.ts';

export const listWebhooks = route(
  { query: z.strictObject(pageQuery), returns: z.array(WebhookView) },
  async ({ query }, { webhooks }: WebhooksApiDeps) => {
    const limit = limitOf(query);
    const found = await webhooks.list({ limit, above: parseCursor(query, WebhookId) });
    const last = found.length === limit && found.at(-1);
    return new HttpResponse(found.map(toWebhookView), last ? nextLink('/webhooks', {}, query, last.id) : {});
  },
);
