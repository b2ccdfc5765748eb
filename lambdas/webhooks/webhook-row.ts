import * as z from 'zod/mini';
import type { Key, Row } from '../shared/store/store.ts';
import type { Webhook } from './webhook.ts';

const HealthAttribute = z.object({
  failures: z.number(),
  failing_since: z.optional(z.string()),
  failed_at: z.optional(z.string()),
  last_failure: z.optional(z.string()),
  retry_at: z.optional(z.string()),
  disabled_at: z.optional(z.string()),
});

const WebhookRow = z.object({
  id: z.string(),
  url: z.string(),
  events: z.array(z.string()),
  created_at: z.string(),
  /** One attribute, so that a change replaces it as a whole and no field of the previous state remains. */
  health: HealthAttribute,
  version: z.number(),
});

/** How the last test of a webhook has ended. */
const LastTest = z.object({ event_id: z.string(), succeeded: z.boolean(), result: z.string(), at: z.string() });
export type LastTest = z.infer<typeof LastTest>;

/** All webhooks are in one partition: they are few, and a strongly consistent query returns all of them. */
export const WEBHOOKS = 'WEBHOOKS';

/**
 * Returns the key of the record that an Idempotency-Key was used. It has no TTL and outlives its webhook, so that a
 * late repetition does not create the webhook again after it was deleted.
 */
export const creationKey = (id: string): Key => ({ pk: `WEBHOOK#${id}`, sk: 'CREATED' });

export const webhookKey = (id: string): Key => ({ pk: WEBHOOKS, sk: id });

export const parseWebhook = (row: Row): Webhook => WebhookRow.parse(row);
export const parseLastTest = (row: Row): LastTest | undefined => z.optional(LastTest).parse(row['last_test']);
