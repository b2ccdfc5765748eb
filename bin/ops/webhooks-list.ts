import { toWebhookView } from '../../lambdas/webhooks/view.ts';
import { defineCommand } from './command.ts';
import { table } from './print.ts';
import { openTables } from './tables.ts';
import { readWebhooks } from './webhook-access.ts';
import { readWebhookKey, type WebhookKey } from './webhook-key.ts';

export default defineCommand({
  details:
    'A failing webhook is tried again after pauses of up to 15 minutes, and disabled after three days.\n' +
    'Secrets derive from one key. After a rotation of the key, give each receiver its current secret.',
  examples: ['webhooks list'],
  run: async ({ target, print }) => {
    const webhooks = (await readWebhooks(openTables(target).webhooks)).map(toWebhookView);
    const key = await readWebhookKey(target);
    print.result({ key, webhooks }, () => `${formatWebhooks(webhooks)}\n\n${formatKey(key)}`);
  },
});

export function formatKey({ age_days, rotates_at, previous_valid_until }: WebhookKey): string {
  const age = `The key of the secrets is ${age_days} days old. It is replaced on ${rotates_at.slice(0, 10)}.`;
  if (previous_valid_until === null) return age;
  return `${age} Until then, the secrets from before it are valid too: ops webhooks secret <id> shows both.`;
}

function formatWebhooks(webhooks: readonly ReturnType<typeof toWebhookView>[]): string {
  if (webhooks.length === 0) return 'There are no webhooks. POST /webhooks creates one.';
  return table(
    ['id', 'status', 'since', 'last failure', 'events', 'url'],
    webhooks.map(({ id, status, failing_since = '', last_failure = '', events, url }) => [
      id,
      status,
      failing_since,
      last_failure,
      events.join(','),
      url,
    ]),
  );
}
