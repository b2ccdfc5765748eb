/** What was stated in one minute is spread over as many partitions: a thousand orders a second must not share one. */
const SHARDS = 4;
const MINUTE_MS = 60_000;
/** How often an order is asked after at first, each time after twice the time: with two minutes that is eight hours. */
const TIMES = 9;
/** From then on every six hours, as long as what it stated is kept. */
const LATER_EVERY_MINUTES = 360;
const KEPT_FOR_MINUTES = 14 * 24 * 60;

const minute = (ms: number): string => new Date(ms).toISOString().slice(0, 16);

/** Where a statement of this order at this time is found again. */
export function minuteOf(ms: number, id: string): string {
  const shard = [...id].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % SHARDS;
  return `${minute(ms)}#${shard}`;
}

/**
 * The minutes to look at now: those that ended one limit ago, two, four …, and then four a day for two weeks. An order
 * that a missed sweep has passed by is met at the next of them, and one that waits for long is asked after less often.
 */
export function minutesToSweep(now: number, limitMinutes: number): string[] {
  const doublings = Array.from({ length: TIMES }, (_, time) => limitMinutes * 2 ** time);
  const first = (doublings.at(-1) ?? 0) + LATER_EVERY_MINUTES;
  const later = Array.from(
    { length: KEPT_FOR_MINUTES / LATER_EVERY_MINUTES },
    (_, at) => first + at * LATER_EVERY_MINUTES,
  );
  // one more, since the minute itself must be over: nobody is asked after before the limit
  return [...doublings, ...later.filter((age) => age <= KEPT_FOR_MINUTES)]
    .map((age) => now - (age + 1) * MINUTE_MS)
    .flatMap((at) => Array.from({ length: SHARDS }, (_, shard) => `${minute(at)}#${shard}`));
}
