import { getOrder } from './api-client.ts';
import { defineCommand } from './command.ts';
import { columns, table } from './print.ts';
import { formatTime } from './time.ts';

export interface Workflow {
  readonly order: { readonly id: string; readonly status: string; readonly reason?: string };
  readonly steps: readonly { readonly name: string; readonly status: string; readonly at?: string }[];
  readonly outbox: readonly {
    readonly id: string;
    readonly type: string;
    readonly source: string;
    readonly created_at: string;
    readonly causation_id: string;
    readonly nudge?: string;
  }[];
  readonly inbox: readonly {
    readonly type: string;
    readonly consumer: string;
    readonly created_at: string;
    readonly status: string;
    readonly published_at?: string;
    readonly received_at?: string;
    readonly processed_at?: string;
    readonly receive_count?: number;
    readonly reason?: string;
  }[];
  readonly decisions: readonly { readonly step: string; readonly decision: string; readonly at: string }[];
  readonly expired: boolean;
}

const STATUS_MARKS: Readonly<Record<string, string>> = {
  done: '✓',
  active: '…',
  failed: '✗',
  pending: '·',
  skipped: '–',
};

export default defineCommand({
  positionals: { usage: '<order id>', min: 1, max: 1 },
  details:
    'Also shows the decisions. A step is ✓ done, … active, ✗ failed, · pending (not reached yet) or – skipped (the\n' +
    'order has ended without it). The data comes from GET /orders/{id}/workflow.',
  examples: ['orders workflow 2fbqq5v4mxz3hsd7k6yaw4tcni', 'orders workflow 2fbqq5v4mxz3hsd7k6yaw4tcni --json'],
  run: async ({ positionals: [id = ''], target, print }) => {
    const workflow = await getOrder<Workflow>(target, id, '/workflow');
    print.result(workflow, () => formatWorkflow(workflow));
  },
});

export function formatWorkflow({ order, steps, outbox, inbox, decisions, expired }: Workflow): string {
  return [
    `${order.id} is ${order.status}${order.reason ? `: ${order.reason}` : ''}`,
    columns(steps.map(({ name, status, at }) => [`${STATUS_MARKS[status] ?? '?'} ${name}`, at ? formatTime(at) : '']))
      .map((line) => line.trimEnd())
      .join('\n'),
    table(
      ['outbox', 'source', 'created', 'caused by'],
      outbox.map(({ type, source, created_at, causation_id, nudge }) => [
        nudge === undefined ? type : `${type} (nudge)`,
        source,
        formatTime(created_at),
        causation_id,
      ]),
    ),
    table(
      ['inbox', 'consumer', 'status', 'published', 'received', 'processed', 'receives'],
      inbox.map((delivery) => [
        delivery.type,
        delivery.consumer,
        delivery.reason ? `${delivery.status}: ${delivery.reason}` : delivery.status,
        timeOfDay(delivery.published_at),
        timeOfDay(delivery.received_at),
        timeOfDay(delivery.processed_at),
        delivery.receive_count ?? '-',
      ]),
    ),
    ...(expired ? ['The events have expired. The decisions remain:'] : []),
    table(
      ['step', 'decision', 'decided'],
      decisions.map(({ step, decision, at }) => [step, decision, formatTime(at)]),
    ),
  ].join('\n\n');
}

/** A delivery takes milliseconds, and the date is in the table above it. */
const timeOfDay = (iso: string | undefined): string => (iso === undefined ? '-' : iso.slice(11, 23));
