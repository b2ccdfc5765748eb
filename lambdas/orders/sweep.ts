/** What was stated in one minute is spread over as many partitions: a thousand orders a second must not share one. */
const SHARDS = 4;
const MINUTE_MS = 60_000;
/** How often an order is asked after, each time after twice the time: with two minutes that is most of a day. */
const TIMES = 9;

const minute = (ms: number): string => new Date(ms).toISOString().slice(0, 16);

/** Where a statement of this order at this time is found again. */
export function minuteOf(ms: number, id: string): string {
  const shard = [...id].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % SHARDS;
  return `${minute(ms)}#${shard}`;
}

/**
 * The minutes to look at now: those that lie one limit back, two, four … An order that a missed sweep has passed by is
 * met at the next of them, and one that waits for long is asked after less and less often.
 */
export function minutesToSweep(now: number, limitMinutes: number): string[] {
  return Array.from({ length: TIMES }, (_, time) => now - limitMinutes * 2 ** time * MINUTE_MS).flatMap((at) =>
    Array.from({ length: SHARDS }, (_, shard) => `${minute(at)}#${shard}`),
  );
}
