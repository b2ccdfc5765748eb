import { getOrder } from './api-client.ts';
import { defineCommand } from './command.ts';
import { columns, table } from './print.ts';

/** What GET /orders/{id}/workflow answers. */
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

const MARKS: Readonly<Record<string, string>> = { done: '✓', active: '…', failed: '✗', skipped: '–' };

export default defineCommand({
  takes: { usage: '<order id>', min: 1, max: 1 },
  options: {},
  about:
    'Its steps, every event that was stated about it, and who took each of them in: ✓ done, … waits, ✗ failed,\n' +
    '– not come to. By GET /orders/{id}/workflow.',
  examples: ['orders workflow 2fbqq5v4mxz3hsd7k6yaw4tcni', 'orders workflow 2fbqq5v4mxz3hsd7k6yaw4tcni --json'],
  run: async ({ positionals: [id = ''], target, print }) => {
    const workflow = await getOrder<Workflow>(target, id, '/workflow');
    print.result(workflow, () => formatWorkflow(workflow));
    return undefined;
  },
});

export function formatWorkflow({ order, steps, outbox, inbox, decisions, expired }: Workflow): string {
  const sections = [
    `${order.id} is ${order.status}${order.reason ? `: ${order.reason}` : ''}`,
    columns(steps.map(({ name, status, at }) => [`${MARKS[status] ?? '?'} ${name}`, at ? whole(at) : ''])).map((line) =>
      line.trimEnd(),
    ),
    table(
      ['outbox', 'from', 'stated', 'caused by'],
      outbox.map((one) => [
        one.nudge === undefined ? one.type : `${one.type} (nudged)`,
        one.source,
        whole(one.created_at),
        one.causation_id,
      ]),
    ),
    table(
      ['inbox', 'consumer', 'status', 'published', 'received', 'processed', 'receives'],
      inbox.map((one) => [
        one.type,
        one.consumer,
        one.reason ? `${one.status}: ${one.reason}` : one.status,
        clock(one.published_at),
        clock(one.received_at),
        clock(one.processed_at),
        one.receive_count ?? '-',
      ]),
    ),
    ...(expired ? ['Its events are gone by their age; what was decided stays:'] : []),
    table(
      ['decision', 'as', 'at'],
      decisions.map(({ step, decision, at }) => [step, decision, whole(at)]),
    ),
  ];
  return sections.map((section) => (typeof section === 'string' ? section : section.join('\n'))).join('\n\n');
}

/** A hop takes milliseconds; the day stands above it. */
const clock = (iso: string | undefined): string => (iso === undefined ? '-' : iso.slice(11, 23));
const whole = (iso: string): string => iso.slice(0, 23).replace('T', ' ');
