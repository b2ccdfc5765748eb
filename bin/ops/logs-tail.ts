import { CloudWatchLogsClient, paginateDescribeLogGroups } from '@aws-sdk/client-cloudwatch-logs';
import { UserError } from '../../tools/user-error.ts';
import { defineCommand } from './command.ts';
import { LogFollower } from './log-follower.ts';
import { formatLogLine, type LogLine, toJsonLine } from './log-line.ts';
import type { Target } from './target.ts';
import { parseDurationMs } from './time.ts';
import { pause } from './watch.ts';

const INTERVAL_MS = 1000;
const GROUP_PREFIX = '/aws/lambda/';

export default defineCommand({
  positionals: { usage: '[function]', min: 0, max: 1 },
  options: {
    filter: { type: 'string', valueName: 'text', help: 'only lines that contain this text (case-insensitive)' },
    since: { type: 'string', valueName: 'duration', help: 'start this long before now (default: 5m)' },
    'no-follow': { type: 'boolean', help: 'print the existing lines and exit' },
  },
  details:
    'Without a function, shows the logs of all functions. --json prints each line in full, including platform lines\n' +
    'and metrics.',
  examples: ['logs tail', 'logs tail orders-api --since 1h --no-follow', 'logs tail --filter insufficient_funds'],
  run: async ({ values, positionals: [name], target, print, signal }) => {
    const fromMs = Date.now() - parseDurationMs(values.since ?? '5m', '--since');
    const filter = values.filter?.toLowerCase();
    const client = new CloudWatchLogsClient({});
    const groups = await findLogGroups(client, target, name);
    const followers = groups.map((group) => new LogFollower(client, group, fromMs));
    for (;;) {
      for (const line of await readNewLines(followers, target, signal)) {
        // Engines differ in their filter patterns, so lines are filtered here.
        if (filter !== undefined && !line.message.toLowerCase().includes(filter)) continue;
        const text = formatLogLine(line);
        if (print.isJson) print.line(toJsonLine(line), () => '');
        else if (text !== undefined) print.text(text);
      }
      if (values['no-follow'] || signal.aborted) return undefined;
      await pause(INTERVAL_MS, signal);
    }
  },
});

async function readNewLines(followers: readonly LogFollower[], target: Target, signal: AbortSignal) {
  const lines = await Promise.all(
    followers.map(async (follower): Promise<LogLine[]> => {
      const functionName = shortName(follower.group, target);
      const events = await follower.newLines(signal);
      return events.map(({ timestamp = 0, message = '' }) => ({ timestampMs: timestamp, functionName, message }));
    }),
  );
  return lines.flat().sort((a, b) => a.timestampMs - b.timestampMs);
}

const shortName = (group: string, target: Target): string => target.short(group.slice(GROUP_PREFIX.length));

/** Finds the log groups of the stage, or the one of a function that is given by its name or by its file. */
async function findLogGroups(client: CloudWatchLogsClient, target: Target, name?: string): Promise<string[]> {
  const input = { logGroupNamePrefix: `${GROUP_PREFIX}${target.name()}-` };
  const groups: string[] = [];
  for await (const { logGroups = [] } of paginateDescribeLogGroups({ client }, input))
    groups.push(...logGroups.flatMap(({ logGroupName }) => logGroupName ?? []));
  if (groups.length === 0)
    throw new UserError(
      `Stage ${target.stage} has no log groups.`,
      'Run npm run ops -- doctor to see what is missing.',
    );
  if (name === undefined) return groups;
  const wanted = target.short(name).replace('/', '-').replace(/\.ts$/, '');
  const group = groups.find((candidate) => shortName(candidate, target) === wanted);
  if (group) return [group];
  const names = groups.map((candidate) => shortName(candidate, target));
  throw new UserError(`There is no function "${name}".`, `Choose one of ${names.join(', ')}.`);
}
