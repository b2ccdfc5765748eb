import type { Reader, Row } from '../../lambdas/shared/store/store.ts';
import type { Webhook } from '../../lambdas/webhooks/webhook.ts';
import { parseWebhook, WEBHOOKS, webhookKey } from '../../lambdas/webhooks/webhook-row.ts';
import { UserError } from '../../tools/user-error.ts';

export const readWebhooks = async (webhooks: Reader): Promise<Webhook[]> =>
  (await webhooks.query({ partition: WEBHOOKS })).map(parseWebhook);

/** Returns the row of a webhook. Throws if there is none. */
export async function readWebhookRow(webhooks: Reader, id: string): Promise<Row> {
  const row = await webhooks.get(webhookKey(id));
  if (!row) throw new UserError(`There is no webhook ${id}.`, 'npm run ops -- webhooks list shows all of them.');
  return row;
}
