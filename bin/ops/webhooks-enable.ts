import { systemClock } from '../../lambdas/shared/runtime/clock.ts';
import { toWebhookView } from '../../lambdas/webhooks/view.ts';
import { webhookStore } from '../../lambdas/webhooks/webhook-store.ts';
import { defineCommand } from './command.ts';
import { openTables } from './tables.ts';
import { readWebhookRow } from './webhook-access.ts';

const TIMEOUT_MS = 10_000;

export default defineCommand({
  positionals: { usage: '<webhook id>', min: 1, max: 1 },
  details:
    'A disabled or failing webhook gets events again at once. What it has missed comes by\n' +
    '`dlq redrive webhook-deliveries` and `webhooks replay`.',
  examples: ['webhooks enable 2fbqq5v4mxz3hsd7k6yaw4tcni'],
  run: async ({ positionals: [id = ''], target, print }) => {
    const store = openTables(target).webhooks;
    await readWebhookRow(store, id);
    const work = { store, clock: systemClock, deadlineMs: Date.now() + TIMEOUT_MS };
    const webhook = toWebhookView(await webhookStore(work).enable(id));
    print.result(webhook, () => `${webhook.id} is ${webhook.status}`);
  },
});
