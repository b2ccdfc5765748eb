/** The events of one minute are spread over 4 index partitions, so that 1000 orders per second do not share one. */
const SHARDS = 4;
const MINUTE_MS = 60_000;
/**
 * A minute is swept first at the age of the limit, then each time at twice the previous age. With a limit of 2 minutes,
 * the ninth of these sweeps is at 512 minutes.
 */
const DOUBLINGS = 9;
/** After the doublings, a minute is swept every six hours. */
const LATE_INTERVAL_MINUTES = 360;
/** 14 days: an outbox record expires after 15 days, and without it there is no event to publish again. */
const MAX_AGE_MINUTES = 14 * 24 * 60;
/** An order that has waited for 16 minutes was nudged at least three times, so a lost event cannot be the cause. */
const STUCK_FOR_LONG_MINUTES = 16;
/** After 5 minutes, the index is assumed to show all events of a minute. */
const MAX_INDEX_LAG_MINUTES = 5;

const toMinute = (ms: number): string => new Date(ms).toISOString().slice(0, 16);

const shardKey = (minute: string, shard: number): string => `${minute}#${shard}`;

/** Returns the index partition of an event that an order published at this time. */
export function publishedMinuteKey(ms: number, id: string): string {
  const sum = [...id].reduce((total, letter) => total + letter.charCodeAt(0), 0);
  return shardKey(toMinute(ms), sum % SHARDS);
}

/** A minute in which orders published events, and the number of minutes since its end. */
export interface MinuteToSweep {
  readonly minute: string;
  readonly ageMinutes: number;
}

export const shardsOf = ({ minute }: MinuteToSweep): string[] =>
  Array.from({ length: SHARDS }, (_, shard) => shardKey(minute, shard));

export const isStuckForLong = ({ ageMinutes }: MinuteToSweep): boolean => ageMinutes >= STUCK_FOR_LONG_MINUTES;

/** Returns whether a minute without waiting orders needs no further sweep. An ended order never waits again. */
export const canBeMarkedDone = ({ ageMinutes }: MinuteToSweep): boolean => ageMinutes >= MAX_INDEX_LAG_MINUTES;

/**
 * Returns the minutes to sweep now, at most 64: those whose age is the limit, twice the limit, four times the limit and
 * so on, and then one per six hours up to two weeks. An order that a missed sweep did not find is found at the next of
 * these ages. The longer an order waits, the less often it is nudged.
 */
export function minutesToSweep(now: number, limitMinutes: number): MinuteToSweep[] {
  const doublings = Array.from({ length: DOUBLINGS }, (_, exponent) => limitMinutes * 2 ** exponent);
  const firstLateAge = (doublings.at(-1) ?? 0) + LATE_INTERVAL_MINUTES;
  const lateAges = Array.from(
    { length: MAX_AGE_MINUTES / LATE_INTERVAL_MINUTES },
    (_, index) => firstLateAge + index * LATE_INTERVAL_MINUTES,
  );
  return (
    [...doublings, ...lateAges.filter((age) => age <= MAX_AGE_MINUTES)]
      // The age counts from the end of the minute, hence one more. No order is nudged before the limit.
      .map((ageMinutes) => ({ ageMinutes, minute: toMinute(now - (ageMinutes + 1) * MINUTE_MS) }))
  );
}
