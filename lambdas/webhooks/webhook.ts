/** How the last deliveries to a webhook have ended. A healthy webhook has no failures. */
export interface Health {
  /** The deliveries in succession that have failed. Those that failed together count once. */
  readonly failures: number;
  readonly failing_since?: string | undefined;
  readonly failed_at?: string | undefined;
  readonly last_failure?: string | undefined;
  /** Before this time the webhook is not called. */
  readonly retry_at?: string | undefined;
  /** Since when the webhook gets no events, because it has failed for too long. */
  readonly disabled_at?: string | undefined;
}

/** An endpoint of a receiver, and the events that it gets. */
export interface Webhook {
  readonly id: string;
  readonly url: string;
  readonly events: readonly string[];
  readonly created_at: string;
  readonly health: Health;
  readonly version: number;
}

export const healthy: Health = { failures: 0 };

/** Returns a new webhook. */
export const newWebhook = ({ id, url, events, created_at }: Omit<Webhook, 'health' | 'version'>): Webhook => ({
  id,
  url,
  events: [...new Set(events)].sort(),
  created_at,
  health: healthy,
  version: 1,
});

/** Fewer failures in succession say little about an endpoint. Each of their messages waits by its own backoff. */
export const FAILURES_UNTIL_PAUSE = 3;
const FIRST_PAUSE_MS = 10_000;
/** Also the longest delay of an SQS message. */
export const MAX_PAUSE_MS = 900_000;
/** A trial that gets no result ends by this time. It is longer than a delivery may take. */
const TRIAL_MS = 30_000;
const DAY_MS = 24 * 3_600_000;
/** A webhook that has failed for three days is disabled, and a delivery is given up after three days. */
export const GIVE_UP_AFTER_MS = 3 * DAY_MS;
/**
 * A message that has failed returns within half an hour, after its delay and a pause. So if this time passes without a
 * failure, a delivery has succeeded, and the table was busy when it was to be recorded.
 */
const MAX_GAP_MS = 2 * 3_600_000;

/** What may be sent to a webhook now: all of its messages, one as a trial, or none before a time or until enabled. */
export type Admission =
  | { readonly allows: 'all' | 'disabled' }
  | { readonly allows: 'trial'; readonly health: Health }
  | { readonly allows: 'none'; readonly untilMs: number };

/** Decides what may be sent. A trial changes the health, so that only one of several consumers makes it. */
export function admit({ health }: Webhook, nowMs: number): Admission {
  if (health.disabled_at !== undefined) return { allows: 'disabled' };
  if (health.retry_at === undefined) return { allows: 'all' };
  const retryMs = Date.parse(health.retry_at);
  if (nowMs < retryMs) return { allows: 'none', untilMs: retryMs };
  return { allows: 'trial', health: { ...health, retry_at: toIso(nowMs + TRIAL_MS) } };
}

/** Returns the health after deliveries that all have failed. */
export function afterFailure({ health }: Webhook, reason: string, nowMs: number): Health {
  const isContinued = health.failed_at === undefined || nowMs - Date.parse(health.failed_at) <= MAX_GAP_MS;
  const before = isContinued ? health : healthy;
  const failures = before.failures + 1;
  const failing_since = before.failing_since ?? toIso(nowMs);
  const base = { failures, failing_since, failed_at: toIso(nowMs), last_failure: reason };
  if (health.disabled_at !== undefined) return { ...base, disabled_at: health.disabled_at };
  if (nowMs - Date.parse(failing_since) >= GIVE_UP_AFTER_MS) return { ...base, disabled_at: toIso(nowMs) };
  return failures < FAILURES_UNTIL_PAUSE ? base : { ...base, retry_at: toIso(nowMs + pauseMs(failures)) };
}

/** Returns the health after a delivery that has succeeded, or nothing if it does not change. */
export const afterSuccess = ({ health }: Webhook): Health | undefined =>
  health.failures === 0 || health.disabled_at !== undefined ? undefined : healthy;

/** Each pause is twice as long as the one before: 10, 20, 40 … 900 s. */
const pauseMs = (failures: number): number =>
  Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures - FAILURES_UNTIL_PAUSE, 20));

const FIRST_DELAY_S = 5;

/** Returns the delay of a message by its own failures: up to 5, 10, 20 … 900 s, drawn from the second half. */
export const retryDelaySeconds = (failures: number, random: number): number => {
  const maxSeconds = Math.min(MAX_PAUSE_MS / 1000, FIRST_DELAY_S * 2 ** Math.min(failures - 1, 20));
  return Math.ceil((maxSeconds * (1 + random)) / 2);
};

/** After a pause, the waiting messages return within this time, so that they do not all reach the receiver at once. */
const SPREAD_S = 60;

/** Returns the delay of a message that waits for the end of a pause. */
export const pauseDelaySeconds = (untilMs: number, nowMs: number, random: number): number =>
  Math.max(1, Math.min(MAX_PAUSE_MS / 1000, Math.ceil((untilMs - nowMs) / 1000 + random * SPREAD_S)));

const FIRST_SLOW_DELAY_S = 10;

/**
 * Returns the delay of a message for a receiver that is too slow: half of the time that it has waited already, drawn
 * from the second half of that, so that a message is not sent to its queue again and again.
 */
export const slowDelaySeconds = (ageMs: number, random: number): number => {
  const maxSeconds = Math.min(MAX_PAUSE_MS / 1000, Math.max(FIRST_SLOW_DELAY_S, ageMs / 2000));
  return Math.ceil((maxSeconds * (1 + random)) / 2);
};

const toIso = (ms: number): string => new Date(ms).toISOString();
