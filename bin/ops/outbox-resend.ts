import { GetQueueUrlCommand, SQSClient } from '@aws-sdk/client-sqs';
import { calm } from '../../lambdas/shared/chaos-setting.ts';
import { iso, systemClock } from '../../lambdas/shared/clock.ts';
import type { Relay } from '../../lambdas/shared/relay.ts';
import { eventBridgeBus, parkingQueue } from '../../lambdas/shared/relay-ports.ts';
import { command } from './command.ts';
import { type Resent, resend } from './resend.ts';
import { outboxPages, type Wanted } from './stored-events.ts';
import type { Target } from './target.ts';
import { durationMs, instantMs } from './time.ts';
import { UsageError } from './usage-error.ts';

export default command({
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
    const wanted = wantedBy(values, Date.now());
    const isDry = values['dry-run'] === true;
    const ports = isDry ? undefined : relayOf(target);
    const resent = await resend(outboxPages(target, wanted), wanted, ports, signal, ({ found }) =>
      print.progress(isDry ? 'found' : 'sent again', found),
    );
    print.progressDone();
    const told = { from: iso(wanted.from), to: iso(wanted.to), dry_run: isDry, ...resent };
    print.either(told, () => inWords(told));
    return undefined;
  },
});

interface Asked {
  from?: string | undefined;
  since?: string | undefined;
  to?: string | undefined;
  type?: readonly string[] | undefined;
}

export function wantedBy({ from, since, to, type = [] }: Asked, now: number): Wanted {
  if ((from === undefined) === (since === undefined)) throw new UsageError('Say since when: either --from or --since.');
  const start = from === undefined ? now - durationMs(since ?? '', '--since') : instantMs(from, '--from');
  const end = to === undefined ? now : instantMs(to, '--to');
  if (start > end) throw new UsageError(`Nothing lies between ${iso(start)} and ${iso(end)}.`);
  return { from: start, to: end, types: type };
}

/** The relay as its function has it, but for chaos: this is the way back from trouble. */
function relayOf(target: Target): Relay {
  return {
    bus: eventBridgeBus(target.name()),
    park: async (events) => {
      const { QueueUrl = '' } = await new SQSClient({}).send(
        new GetQueueUrlCommand({ QueueName: target.name('outbox-retry') }),
      );
      await parkingQueue(QueueUrl)(events);
    },
    clock: systemClock,
    chaos: async () => calm,
  };
}

function inWords({
  from,
  to,
  dry_run,
  found,
  sent,
  parked,
  by_type,
}: Resent & { from: string; to: string; dry_run: boolean }) {
  const types = Object.entries(by_type).map(([type, count]) => `  ${type}: ${count}`);
  const done = dry_run ? 'nothing sent (dry run)' : `${sent} sent again${parked ? `, ${parked} parked` : ''}`;
  return [`${found} ${found === 1 ? 'event' : 'events'} from ${from} to ${to}: ${done}`, ...types].join('\n');
}
