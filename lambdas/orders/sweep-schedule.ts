/** What was stated in one minute is spread over as many partitions: a thousand orders a second must not share one. */
const SHARDS = 4;
const MINUTE_MS = 60_000;
/** How often an order is asked after at first, each time after twice the time: with two minutes that is eight hours. */
const DOUBLINGS = 9;
/** From then on every six hours, as long as what it stated is kept. */
const LATE_INTERVAL_MINUTES = 360;
const MAX_AGE_MINUTES = 14 * 24 * 60;
/** Whoever waits for so long has been asked after at least three times, so no lost event explains it. */
const STUCK_FOR_LONG_MINUTES = 16;
/** By then an index shows all of a minute, however far it trails behind. */
const MAX_INDEX_LAG_MINUTES = 5;

const toMinute = (ms: number): string => new Date(ms).toISOString().slice(0, 16);

const shardKey = (minute: string, at: number): string => `${minute}#${at}`;

/** Where a statement of this order at this time is found again. */
export function publishedMinuteKey(ms: number, id: string): string {
  const sum = [...id].reduce((total, letter) => total + letter.charCodeAt(0), 0);
  return shardKey(toMinute(ms), sum % SHARDS);
}

/** A minute of statements, and how many minutes ago it was over. */
export interface MinuteToSweep {
  readonly minute: string;
  readonly ageMinutes: number;
}

export const shardsOf = ({ minute }: MinuteToSweep): string[] =>
  Array.from({ length: SHARDS }, (_, at) => shardKey(minute, at));

export const isStuckForLong = ({ ageMinutes }: MinuteToSweep): boolean => ageMinutes >= STUCK_FOR_LONG_MINUTES;

/** Whether a look that finds nobody waiting is the last: what has ended never waits again. */
export const canBeMarkedDone = ({ ageMinutes }: MinuteToSweep): boolean => ageMinutes >= MAX_INDEX_LAG_MINUTES;

/**
 * The minutes to look at now, at most 64: those that ended one limit ago, two, four …, and then four a day for two weeks.
 * An order that a missed sweep has passed by is met at the next of them, and one that waits for long is asked after less
 * often.
 */
export function minutesToSweep(now: number, limitMinutes: number): MinuteToSweep[] {
  const doublings = Array.from({ length: DOUBLINGS }, (_, time) => limitMinutes * 2 ** time);
  const first = (doublings.at(-1) ?? 0) + LATE_INTERVAL_MINUTES;
  const later = Array.from(
    { length: MAX_AGE_MINUTES / LATE_INTERVAL_MINUTES },
    (_, at) => first + at * LATE_INTERVAL_MINUTES,
  );
  return (
    [...doublings, ...later.filter((age) => age <= MAX_AGE_MINUTES)]
      // one more, since the minute itself must be over: nobody is asked after before the limit
      .map((ageMinutes) => ({ ageMinutes, minute: toMinute(now - (ageMinutes + 1) * MINUTE_MS) }))
  );
}
