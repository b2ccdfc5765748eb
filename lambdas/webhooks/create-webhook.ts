import * as z from 'zod/mini';
import { InvalidInput } from '../shared/http/problem.ts';
import { HttpResponse, replayedHeader, route } from '../shared/http/route.ts';
import { findUrlFault } from './address.ts';
import type { WebhooksApiDeps } from './deps.ts';
import { webhookSecret } from './signature.ts';
import { CreatedWebhookView, EventTypes, toWebhookView } from './view.ts';

/** Webhooks belong to the stage. Every caller may create them, so the same key of two callers is the same request. */
const OWNER = 'webhooks';

export const createWebhook = route(
  {
    body: z.strictObject({ url: z.string(), events: EventTypes }),
    returns: CreatedWebhookView,
    status: 201,
  },
  async ({ body, identify }, { webhooks, readKeys, policy, rules }: WebhooksApiDeps) => {
    const fault = findUrlFault(body.url, policy);
    if (fault) throw new InvalidInput([{ path: 'url', message: fault }]);
    // The key is read first: without it, a webhook would exist whose secret nobody has seen.
    const [key] = await readKeys();
    const { webhook, isReplay } = await webhooks.create(body, identify(OWNER));
    // The webhook exists by now, so the fan-out no longer disables the rules. A request that fails here is repeated.
    await rules.enable();
    return new HttpResponse(
      { ...toWebhookView(webhook), secret: webhookSecret(key, webhook.id) },
      { Location: `/webhooks/${webhook.id}`, ...(isReplay && replayedHeader) },
    );
  },
);
