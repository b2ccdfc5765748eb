import { setTimeout as pause } from 'node:timers/promises';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { toIso } from '../../lambdas/shared/runtime/clock.ts';
import { createRandomId } from '../../lambdas/shared/runtime/ids.ts';
import { createSqsClient } from '../../lambdas/shared/runtime/sqs-client.ts';
import type { Store } from '../../lambdas/shared/store/store.ts';
import { createTestEvent, type Delivery } from '../../lambdas/webhooks/order-event.ts';
import { type LastTest, parseLastTest } from '../../lambdas/webhooks/webhook-row.ts';
import { UserError } from '../../tools/user-error.ts';
import { defineCommand } from './command.ts';
import { findQueue } from './stage-queues.ts';
import { openTables } from './tables.ts';
import { readWebhookRow } from './webhook-access.ts';

const MAX_WAIT_MS = 60_000;
const POLL_MS = 200;

export default defineCommand({
  positionals: { usage: '<webhook id>', min: 1, max: 1 },
  details:
    'Sends the event webhook.test once, from where all events are sent, and shows what the receiver answers. Exits\n' +
    'with 1 if it does not accept the event. The health of the webhook does not change.',
  examples: ['webhooks test 2fbqq5v4mxz3hsd7k6yaw4tcni'],
  run: async ({ positionals: [id = ''], target, print, signal }) => {
    const { webhooks } = openTables(target);
    await readWebhookRow(webhooks, id);
    const sqs = createSqsClient();
    const { url } = await findQueue(sqs, target, 'webhook-deliveries');
    const delivery: Delivery = { webhook_id: id, event: createTestEvent(id, createRandomId(), toIso(Date.now())) };
    await sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: JSON.stringify(delivery) }));
    const test = await waitForResult(webhooks, id, delivery.event.id, signal);
    print.result(test, () => `${test.succeeded ? 'accepted' : 'not accepted'}: ${test.result} (${test.event_id})`);
    return test.succeeded ? undefined : 1;
  },
});

async function waitForResult(webhooks: Store, id: string, eventId: string, signal: AbortSignal): Promise<LastTest> {
  const deadlineMs = Date.now() + MAX_WAIT_MS;
  while (Date.now() < deadlineMs && !signal.aborted) {
    const test = parseLastTest(await readWebhookRow(webhooks, id));
    if (test?.event_id === eventId) return test;
    await pause(POLL_MS);
  }
  throw new UserError(
    `There is no result of ${eventId} after ${MAX_WAIT_MS / 1000} s.`,
    'npm run ops -- consumers shows whether the consumer of webhook-deliveries runs.',
  );
}
