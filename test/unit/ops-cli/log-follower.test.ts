import type { CloudWatchLogsClient, FilteredLogEvent } from '@aws-sdk/client-cloudwatch-logs';
import { describe, expect, test } from 'vitest';
import { LogFollower } from '../../../bin/ops/log-follower.ts';

const { signal } = new AbortController();
const messagesOf = (events: FilteredLogEvent[]) => events.map(({ message }) => message);

/** Follows a log group in memory that returns at most `pageSize` events in a response. */
function follow(events: FilteredLogEvent[], pageSize = 10_000, hasTokens = true) {
  const send = async ({ input }: { input: { startTime: number; nextToken?: string } }) => {
    const start = Number(input.nextToken ?? 0);
    const end = start + pageSize;
    const matching = events.filter(({ timestamp = 0 }) => timestamp >= input.startTime);
    const hasMore = end < matching.length;
    return { events: matching.slice(start, end), ...(hasMore && hasTokens ? { nextToken: String(end) } : {}) };
  };
  return new LogFollower({ send } as unknown as CloudWatchLogsClient, 'g', 1000);
}
const createEvent = (n: number): FilteredLogEvent => ({ eventId: `e${n}`, timestamp: 1000 + n, message: `m${n}` });

describe('LogFollower', () => {
  test('returns each line once, also a line that arrives late', async () => {
    const events = [createEvent(1), createEvent(5)];
    const follower = follow(events);
    expect(messagesOf(await follower.newLines(signal))).toEqual(['m1', 'm5']);
    expect(await follower.newLines(signal)).toEqual([]);
    events.push(createEvent(3), createEvent(9000));
    expect(messagesOf(await follower.newLines(signal))).toEqual(['m3', 'm9000']);
  });

  test('continues with the token of each page', async () => {
    const events = Array.from({ length: 7 }, (_, n) => createEvent(n));
    expect(await follow(events, 3).newLines(signal)).toHaveLength(7);
  });

  test('continues from the last line if the engine has no tokens', async () => {
    const events = Array.from({ length: 25_000 }, (_, n) => createEvent(n));
    expect(await follow(events, 10_000, false).newLines(signal)).toHaveLength(25_000);
  });
});
