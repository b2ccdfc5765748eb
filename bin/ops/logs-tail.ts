import { setTimeout as pause } from 'node:timers/promises';
import { CloudWatchLogsClient, paginateDescribeLogGroups } from '@aws-sdk/client-cloudwatch-logs';
import { UserError } from '../../tools/user-error.ts';
import { defineCommand } from './command.ts';
import { LogFollower } from './log-follower.ts';
import { type LogLine, rawLine, readable } from './log-line.ts';
import type { Target } from './target.ts';
import { parseDurationMs } from './time.ts';

const EVERY_MS = 1000;
const GROUPS = '/aws/lambda/';

export default defineCommand({
  takes: { usage: '[function]', min: 0, max: 1 },
  options: {
    filter: { type: 'string', value: 'text', help: 'only lines that contain it, in any case: an order id, say' },
    since: { type: 'string', value: 'duration', help: 'begin so far back (5m)' },
    'no-follow': { type: 'boolean', help: 'what there is, and no more' },
  },
  about: 'All functions where none is named. --json gives every line whole, those of the platform and metrics too.',
  examples: ['logs tail', 'logs tail orders-api --since 1h --no-follow', 'logs tail --filter insufficient_funds'],
  run: async ({ values, positionals: [name], target, print, signal }) => {
    const from = Date.now() - parseDurationMs(values.since ?? '5m', '--since');
    const text = values.filter?.toLowerCase();
    const client = new CloudWatchLogsClient({});
    const followers = (await groupsOf(client, target, name)).map((group) => new LogFollower(client, group, from));
    for (;;) {
      for (const line of await newLines(followers, target, signal)) {
        // each engine has filter patterns of its own, so lines are chosen here
        if (text !== undefined && !line.message.toLowerCase().includes(text)) continue;
        if (print.isJson) print.line(rawLine(line), () => '');
        else {
          const shown = readable(line);
          if (shown !== undefined) print.text(shown);
        }
      }
      if (values['no-follow'] || signal.aborted) return undefined;
      await pause(EVERY_MS, undefined, { signal }).catch(() => undefined);
    }
  },
});

async function newLines(followers: readonly LogFollower[], target: Target, signal: AbortSignal): Promise<LogLine[]> {
  const lines = await Promise.all(
    followers.map(async (follower) => {
      const from = target.short(follower.group.slice(GROUPS.length));
      const events = await follower.newLines(signal);
      return events.map(({ timestamp = 0, message = '' }): LogLine => ({ at: timestamp, from, message }));
    }),
  );
  return lines.flat().sort((one, other) => one.at - other.at);
}

async function groupsOf(client: CloudWatchLogsClient, target: Target, name: string | undefined): Promise<string[]> {
  const groups: string[] = [];
  const input = { logGroupNamePrefix: `${GROUPS}${target.name()}-` };
  for await (const { logGroups = [] } of paginateDescribeLogGroups({ client }, input))
    groups.push(...logGroups.flatMap(({ logGroupName }) => logGroupName ?? []));
  if (groups.length === 0)
    throw new UserError(
      `Stage ${target.stage} has no functions that log.`,
      'npm run ops -- doctor says what is missing.',
    );
  if (name === undefined) return groups;
  const shorts = groups.map((group) => target.short(group.slice(GROUPS.length)));
  const at = shorts.indexOf(target.short(name).replace('/', '-').replace(/\.ts$/, ''));
  const group = groups[at];
  if (!group) throw new UserError(`There is no function "${name}".`, `Choose one of ${shorts.join(', ')}.`);
  return [group];
}
