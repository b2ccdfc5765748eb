import { GetQueueUrlCommand } from '@aws-sdk/client-sqs';
import { createEventBridgeBus, createParkingQueue } from '../../lambdas/relay/event-bus.ts';
import type { RelayPorts } from '../../lambdas/relay/relay.ts';
import { noFaults } from '../../lambdas/shared/runtime/chaos-setting.ts';
import { systemClock, toIso } from '../../lambdas/shared/runtime/clock.ts';
import { createSqsClient } from '../../lambdas/shared/runtime/sqs-client.ts';
import { defineCommand } from './command.ts';
import { countOf } from './print.ts';
import { type ResendResult, resendEvents } from './resend-events.ts';
import { type EventFilter, readOutboxPages } from './stored-events.ts';
import type { Target } from './target.ts';
import { parseDurationMs, parseInstantMs } from './time.ts';
import { UsageError } from './usage-error.ts';

export default defineCommand({
  options: {
    from: { type: 'string', valueName: 'iso', help: 'events of this time or later' },
    since: {
      type: 'string',
      valueName: 'duration',
      help: 'instead of --from: this long before now (30s, 10m, 2h, 1d)',
    },
    to: { type: 'string', valueName: 'iso', help: 'events of this time or earlier (default: now)' },
    type: { type: 'string', multiple: true, valueName: 'name', help: 'only events of this type; repeatable' },
    'dry-run': { type: 'boolean', help: 'count the events, and send nothing' },
  },
  details:
    'Reads the outbox records of all tables, which are kept for 15 days (lookups of documents: 1 day; ticks: 6\n' +
    'hours). The ids do not change, so a consumer ignores what it has already processed. Events that the bus refuses\n' +
    'are parked on outbox-retry.',
  examples: [
    'outbox resend --since 10m',
    'outbox resend --from 2026-01-31T12:00:00Z --to 2026-01-31T13:00:00Z --type OrderCreated --dry-run',
  ],
  run: async ({ values, target, print, signal }) => {
    const filter = parseEventFilter(values, Date.now());
    const isDryRun = values['dry-run'] === true;
    const ports = isDryRun ? undefined : createRelayPorts(target);
    const result = await resendEvents({
      pages: readOutboxPages(target, filter),
      filter,
      ports,
      signal,
      onProgress: ({ found }) => print.progress(isDryRun ? 'events found' : 'events resent', found),
    });
    print.progressDone();
    const report = { from: toIso(filter.fromMs), to: toIso(filter.toMs), dry_run: isDryRun, ...result };
    print.result(report, () => formatReport(report));
  },
});

type ResendOptions = Partial<Record<'from' | 'since' | 'to', string>> & { type?: readonly string[] };

export function parseEventFilter({ from, since, to, type = [] }: ResendOptions, nowMs: number): EventFilter {
  if ((from === undefined) === (since === undefined)) throw new UsageError('Give either --from or --since.');
  const fromMs = from === undefined ? nowMs - parseDurationMs(since ?? '', '--since') : parseInstantMs(from, '--from');
  const toMs = to === undefined ? nowMs : parseInstantMs(to, '--to');
  if (fromMs > toMs) throw new UsageError(`The start ${toIso(fromMs)} is after the end ${toIso(toMs)}.`);
  return { fromMs, toMs, types: type };
}

/** Creates the ports of the relay without chaos, because this command repairs failures and must not cause them. */
function createRelayPorts(target: Target): RelayPorts {
  return {
    bus: createEventBridgeBus(target.name()),
    park: async (events) => {
      const { QueueUrl = '' } = await createSqsClient().send(
        new GetQueueUrlCommand({ QueueName: target.name('outbox-retry') }),
      );
      await createParkingQueue(QueueUrl)(events);
    },
    clock: systemClock,
    chaos: async () => noFaults,
  };
}

type ResendReport = ResendResult & { readonly from: string; readonly to: string; readonly dry_run: boolean };

function formatReport({ from, to, dry_run, found, sent, parked, by_type }: ResendReport): string {
  const types = Object.entries(by_type).map(([type, count]) => `  ${type}: ${count}`);
  const outcome = dry_run ? 'none sent (dry run)' : `${sent} sent${parked ? `, ${parked} parked` : ''}`;
  return [`${countOf(found, 'event')} from ${from} to ${to}: ${outcome}`, ...types].join('\n');
}
