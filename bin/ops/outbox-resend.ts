import { GetQueueUrlCommand, SQSClient } from '@aws-sdk/client-sqs';
import { createEventBridgeBus, createParkingQueue } from '../../lambdas/relay/event-bus.ts';
import type { RelayPorts } from '../../lambdas/relay/relay.ts';
import { noFaults } from '../../lambdas/shared/runtime/chaos-setting.ts';
import { systemClock, toIso } from '../../lambdas/shared/runtime/clock.ts';
import { defineCommand } from './command.ts';
import { type ResendResult, resendEvents } from './resend-events.ts';
import { type EventFilter, outboxPages } from './stored-events.ts';
import type { Target } from './target.ts';
import { parseDurationMs, parseInstantMs } from './time.ts';
import { UsageError } from './usage-error.ts';

export default defineCommand({
  options: {
    from: { type: 'string', value: 'iso', help: 'events stated at this time or later' },
    since: { type: 'string', value: 'duration', help: 'the same, counted back from now: 30s, 10m, 2h, 1d' },
    to: { type: 'string', value: 'iso', help: 'and not later than this (now)' },
    type: { type: 'string', multiple: true, value: 'name', help: 'only events of this type; repeatable' },
    'dry-run': { type: 'boolean', help: 'count them, send nothing' },
  },
  about:
    'Reads the outbox records of all tables, which are kept for 15 days. The ids stay as they are, so what a consumer\n' +
    'has done already it does not do again. What the bus refuses is parked on outbox-retry.',
  examples: [
    'outbox resend --since 10m',
    'outbox resend --from 2026-01-31T12:00:00Z --to 2026-01-31T13:00:00Z --type OrderCreated --dry-run',
  ],
  run: async ({ values, target, print, signal }) => {
    const wanted = parseEventFilter(values, Date.now());
    const isDry = values['dry-run'] === true;
    const ports = isDry ? undefined : createRelayPorts(target);
    const resent = await resendEvents(outboxPages(target, wanted), wanted, ports, signal, ({ found }) =>
      print.progress(isDry ? 'found' : 'sent again', found),
    );
    print.progressDone();
    const told = { from: toIso(wanted.from), to: toIso(wanted.to), dry_run: isDry, ...resent };
    print.result(told, () => formatResult(told));
    return undefined;
  },
});

interface ResendOptions {
  from?: string | undefined;
  since?: string | undefined;
  to?: string | undefined;
  type?: readonly string[] | undefined;
}

export function parseEventFilter({ from, since, to, type = [] }: ResendOptions, now: number): EventFilter {
  if ((from === undefined) === (since === undefined)) throw new UsageError('Say since when: either --from or --since.');
  const start = from === undefined ? now - parseDurationMs(since ?? '', '--since') : parseInstantMs(from, '--from');
  const end = to === undefined ? now : parseInstantMs(to, '--to');
  if (start > end) throw new UsageError(`Nothing lies between ${toIso(start)} and ${toIso(end)}.`);
  return { from: start, to: end, types: type };
}

/** The relay as its function has it, but for chaos: this is the way back from trouble. */
function createRelayPorts(target: Target): RelayPorts {
  return {
    bus: createEventBridgeBus(target.name()),
    park: async (events) => {
      const { QueueUrl = '' } = await new SQSClient({}).send(
        new GetQueueUrlCommand({ QueueName: target.name('outbox-retry') }),
      );
      await createParkingQueue(QueueUrl)(events);
    },
    clock: systemClock,
    chaos: async () => noFaults,
  };
}

function formatResult({
  from,
  to,
  dry_run,
  found,
  sent,
  parked,
  by_type,
}: ResendResult & { from: string; to: string; dry_run: boolean }) {
  const types = Object.entries(by_type).map(([type, count]) => `  ${type}: ${count}`);
  const done = dry_run ? 'nothing sent (dry run)' : `${sent} sent again${parked ? `, ${parked} parked` : ''}`;
  return [`${found} ${found === 1 ? 'event' : 'events'} from ${from} to ${to}: ${done}`, ...types].join('\n');
}
