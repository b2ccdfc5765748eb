import type { CloudWatchLogsClient, FilteredLogEvent } from '@aws-sdk/client-cloudwatch-logs';
import { describe, expect, test } from 'vitest';
import { LogFollower } from '../../../bin/ops/log-follower.ts';

const { signal } = new AbortController();
const lines = (events: FilteredLogEvent[]) => events.map(({ message }) => message);

/** A log group in memory, which answers so many lines at once. */
function group(events: FilteredLogEvent[], page = 10_000, hasTokens = true) {
  const send = async ({ input }: { input: { startTime: number; nextToken?: string } }) => {
    const at = Number(input.nextToken ?? 0);
    const all = events.filter(({ timestamp = 0 }) => timestamp >= input.startTime);
    const rest = at + page < all.length;
    return { events: all.slice(at, at + page), ...(rest && hasTokens ? { nextToken: String(at + page) } : {}) };
  };
  return new LogFollower({ send } as unknown as CloudWatchLogsClient, 'g', 1000);
}
const event = (n: number): FilteredLogEvent => ({ eventId: `e${n}`, timestamp: 1000 + n, message: `m${n}` });

describe('following a log', () => {
  test('each line comes once, and one that comes in late still comes', async () => {
    const events = [event(1), event(5)];
    const follower = group(events);
    expect(lines(await follower.newLines(signal))).toEqual(['m1', 'm5']);
    expect(await follower.newLines(signal)).toEqual([]);
    events.push(event(3), event(9000));
    expect(lines(await follower.newLines(signal))).toEqual(['m3', 'm9000']);
  });

  test('goes on by the token of each page', async () => {
    const events = Array.from({ length: 7 }, (_, n) => event(n));
    expect(await group(events, 3).newLines(signal)).toHaveLength(7);
  });

  test('goes on from the last line where an engine has no tokens', async () => {
    const events = Array.from({ length: 25_000 }, (_, n) => event(n));
    expect(await group(events, 10_000, false).newLines(signal)).toHaveLength(25_000);
  });
});
