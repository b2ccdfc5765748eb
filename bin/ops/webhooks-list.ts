import { toWebhookView } from '../../lambdas/webhooks/view.ts';
import { defineCommand } from './command.ts';
import { table } from './print.ts';
import { openTables } from './tables.ts';
import { readWebhooks } from './webhook-access.ts';

export default defineCommand({
  details: 'A failing webhook is tried again after pauses of up to 15 minutes, and disabled after three days.',
  examples: ['webhooks list'],
  run: async ({ target, print }) => {
    const webhooks = (await readWebhooks(openTables(target).webhooks)).map(toWebhookView);
    print.result(webhooks, () => formatWebhooks(webhooks));
  },
});

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
