import * as z from 'zod/mini';
import { WebhookId } from '../../events/ids.ts';
import { orderEventTypes } from './order-event.ts';
import type { Webhook } from './webhook.ts';

export const EventTypes = z.array(z.enum(orderEventTypes)).check(
  z.minLength(1),
  z.maxLength(orderEventTypes.length),
  z.refine((types) => new Set(types).size === types.length, 'must name each event only once'),
);

/** A webhook in responses. */
export const WebhookView = z.object({
  id: WebhookId,
  url: z.string(),
  events: z.array(z.string()),
  status: z.enum(['healthy', 'failing', 'disabled']),
  failing_since: z.optional(z.iso.datetime()),
  last_failure: z.optional(z.string()),
  created_at: z.iso.datetime(),
});

/** The response to the creation of a webhook is the only one with its secret. */
export const CreatedWebhookView = z.extend(WebhookView, { secret: z.string() });

export function toWebhookView({ id, url, events, created_at, health }: Webhook): z.infer<typeof WebhookView> {
  const { failures, failing_since, last_failure, disabled_at } = health;
  const status = disabled_at !== undefined ? 'disabled' : failures > 0 ? 'failing' : 'healthy';
  return { id, url, events: [...events], status, failing_since, last_failure, created_at };
}
