import type { Envelope } from '../../events/envelope.ts';
import { createSqsSender } from '../../lambdas/shared/messaging/sqs-sender.ts';
import { createSqsClient } from '../../lambdas/shared/runtime/sqs-client.ts';
import type { Row } from '../../lambdas/shared/store/store.ts';
import { type Delivery, type SourceEvent, sourceEvents, toOrderEvent } from '../../lambdas/webhooks/order-event.ts';
import { parseWebhook } from '../../lambdas/webhooks/webhook-row.ts';
import { defineCommand } from './command.ts';
import { parseEventFilter } from './outbox-resend.ts';
import { countOf } from './print.ts';
import { findQueue } from './stage-queues.ts';
import { filterEvents, readOutboxPages } from './stored-events.ts';
import { openTables, type Tables } from './tables.ts';
import { UsageError } from './usage-error.ts';
import { readWebhookRow } from './webhook-access.ts';

const types = sourceEvents.map(({ type }): string => type);

export default defineCommand({
  positionals: { usage: '<webhook id>', min: 1, max: 1 },
  options: {
    order: { type: 'string', valueName: 'id', help: 'the events of this order' },
    from: { type: 'string', valueName: 'iso', help: 'events of this time or later' },
    since: {
      type: 'string',
      valueName: 'duration',
      help: 'instead of --from: this long before now (30s, 10m, 2h, 1d)',
    },
    to: { type: 'string', valueName: 'iso', help: 'events of this time or earlier (default: now)' },
    'dry-run': { type: 'boolean', help: 'count the events, and send nothing' },
  },
  details:
    'Sends stored events to one webhook again, with the same ids. They are made from the outbox records, which are kept\n' +
    'for 15 days. Only events for which the webhook has registered are sent.',
  examples: [
    'webhooks replay 2fbqq5v4mxz3hsd7k6yaw4tcni --order bq4x7nd2kzv6m5ahg3jtwcpeyu',
    'webhooks replay 2fbqq5v4mxz3hsd7k6yaw4tcni --since 2h --dry-run',
  ],
  run: async ({ values, positionals: [id = ''], target, print, signal }) => {
    const { order, 'dry-run': isDryRun = false, ...range } = values;
    if ((order === undefined) === (range.from === undefined && range.since === undefined))
      throw new UsageError('Give either --order, or a time by --from or --since.');
    const tables = openTables(target);
    const webhook = parseWebhook(await readWebhookRow(tables.webhooks, id));
    const { url } = await findQueue(createSqsClient(), target, 'webhook-deliveries');
    const send = createSqsSender(url)();
    const filter =
      order === undefined
        ? parseEventFilter({ ...range, type: types }, Date.now())
        : { fromMs: 0, toMs: Number.POSITIVE_INFINITY, types };
    const report = { webhook_id: id, dry_run: isDryRun, found: 0, sent: 0 };
    for await (const page of order === undefined ? readOutboxPages(target, filter) : readOrder(tables, order)) {
      const deliveries = deliveriesOf(id, webhook.events, filterEvents(page, filter));
      report.found += deliveries.length;
      if (!isDryRun) {
        await send(deliveries.map((delivery) => ({ body: JSON.stringify(delivery), delaySeconds: 0 })));
        report.sent += deliveries.length;
      }
      print.progress(isDryRun ? 'events found' : 'events sent', report.found);
      if (signal.aborted) break;
    }
    print.progressDone();
    print.result(report, () => `${countOf(report.found, 'event')}: ${isDryRun ? 'none sent (dry run)' : 'all sent'}`);
  },
});

/** Reads the outbox records of an order. They are in the tables of the contexts that decide its steps. */
async function* readOrder({ orders, payments, tickets }: Tables, id: string): AsyncGenerator<Row[]> {
  for (const table of [orders, payments, tickets])
    yield (await table.query({ partition: `ORDER#${id}` })).filter(({ sk }) => sk.startsWith('OUTBOX#'));
}

/** Returns a delivery for each event, once for each id. An event that was repeated as a nudge has two records. */
export function deliveriesOf(
  webhook_id: string,
  wanted: readonly string[],
  events: readonly Envelope[],
): readonly Delivery[] {
  const orderEvents = events.map((event) => toOrderEvent(parseSourceEvent(event)));
  const byId = new Map(orderEvents.filter(({ type }) => wanted.includes(type)).map((event) => [event.id, event]));
  return [...byId.values()].map((event) => ({ webhook_id, event }));
}

function parseSourceEvent(event: Envelope): SourceEvent {
  const definition = sourceEvents.find(({ type, version }) => type === event.type && version === event.version);
  if (!definition) throw new Error(`${event.type} of version ${event.version} is no event of an order`);
  return { ...event, data: definition.schema.parse(event.data) } as SourceEvent;
}
