import { describe, expect, test } from 'vitest';
import {
  admit,
  afterFailure,
  afterSuccess,
  FAILURES_UNTIL_PAUSE,
  GIVE_UP_AFTER_MS,
  type Health,
  healthy,
  MAX_PAUSE_MS,
  newWebhook,
  pauseDelaySeconds,
  retryDelaySeconds,
  type Webhook,
} from '../../../lambdas/webhooks/webhook.ts';
import { noon } from '../../support/fixtures.ts';

const webhook = (health: Health = healthy): Webhook => ({
  ...newWebhook({ id: 'a', url: 'https://example.com/', events: ['order.paid'], created_at: iso(0) }),
  health,
});
const iso = (ms: number) => new Date(noon + ms).toISOString();
/** Returns the health after failures in succession, each at the end of the pause before. */
function failRepeatedly(count: number): Health {
  let health = healthy;
  let nowMs = noon;
  for (let failure = 0; failure < count; failure++) {
    health = afterFailure(webhook(health), 'HTTP 500', nowMs);
    nowMs = Math.max(nowMs, Date.parse(health.retry_at ?? iso(0)));
  }
  return health;
}

describe('a webhook', () => {
  test('gets all messages until it has failed three times in succession', () => {
    expect(FAILURES_UNTIL_PAUSE).toBe(3);
    expect(admit(webhook(failRepeatedly(2)), noon)).toEqual({ allows: 'all' });
    expect(admit(webhook(failRepeatedly(3)), noon)).toEqual({ allows: 'none', untilMs: noon + 10_000 });
  });

  test('is not called in a pause, and then by one trial, while the others wait for its result', () => {
    const health = failRepeatedly(3);
    expect(admit(webhook(health), noon + 9999).allows).toBe('none');
    const admission = admit(webhook(health), noon + 10_000);
    if (admission.allows !== 'trial') throw new Error(`allows ${admission.allows}`);
    expect(admit(webhook(admission.health), noon + 10_001)).toEqual({ allows: 'none', untilMs: noon + 40_000 });
    expect(admit(webhook(admission.health), noon + 40_000).allows).toBe('trial');
  });

  test('is paused for 10, 20, 40 … and then 900 s', () => {
    let nowMs = noon;
    let health = failRepeatedly(2);
    const pauses = Array.from({ length: 10 }, () => {
      health = afterFailure(webhook(health), 'HTTP 500', nowMs);
      const pauseMs = Date.parse(health.retry_at ?? '') - nowMs;
      nowMs += pauseMs;
      return pauseMs / 1000;
    });
    expect(pauses).toEqual([10, 20, 40, 80, 160, 320, 640, 900, 900, 900]);
  });

  test('is disabled after three days of failures, and gets nothing then', () => {
    let before = afterFailure(webhook(), 'HTTP 500', noon);
    for (let ms = MAX_PAUSE_MS; ms < GIVE_UP_AFTER_MS; ms += MAX_PAUSE_MS)
      before = afterFailure(webhook(before), 'HTTP 500', noon + ms);
    expect(before.disabled_at).toBeUndefined();
    const after = afterFailure(webhook(before), 'HTTP 502', noon + GIVE_UP_AFTER_MS);
    expect(after).toMatchObject({
      disabled_at: iso(GIVE_UP_AFTER_MS),
      failing_since: iso(0),
      last_failure: 'HTTP 502',
    });
    expect(admit(webhook(after), noon + 10 * GIVE_UP_AFTER_MS)).toEqual({ allows: 'disabled' });
  });

  test('counts its failures anew if none was recorded for hours, since a success was not recorded either', () => {
    const first = afterFailure(webhook(), 'HTTP 500', noon);
    const late = afterFailure(webhook(first), 'HTTP 500', noon + GIVE_UP_AFTER_MS);
    expect(late).toEqual({
      failures: 1,
      failing_since: iso(GIVE_UP_AFTER_MS),
      failed_at: iso(GIVE_UP_AFTER_MS),
      last_failure: 'HTTP 500',
    });
  });

  test('stays disabled if a delivery that was under way succeeds or fails', () => {
    const disabled = webhook({ failures: 9, failing_since: iso(0), disabled_at: iso(5) });
    expect(afterSuccess(disabled)).toBeUndefined();
    expect(afterFailure(disabled, 'HTTP 500', noon + 10).disabled_at).toBe(iso(5));
  });

  test('is healthy after one success, and does not change if it is healthy already', () => {
    expect(afterSuccess(webhook(failRepeatedly(5)))).toEqual(healthy);
    expect(afterSuccess(webhook())).toBeUndefined();
  });
});

describe('a message', () => {
  test('is retried after at most 5, 10, 20 … 640 and then 900 s', () => {
    expect(Array.from({ length: 10 }, (_, index) => retryDelaySeconds(index + 1, 1))).toEqual([
      5, 10, 20, 40, 80, 160, 320, 640, 900, 900,
    ]);
    expect(retryDelaySeconds(1000, 1)).toBe(900);
  });

  test('is retried after at least half of that', () => {
    expect([1, 2, 9].map((failures) => retryDelaySeconds(failures, 0))).toEqual([3, 5, 450]);
  });

  test('waits for the end of a pause and up to a minute longer, but never beyond what SQS allows', () => {
    expect(pauseDelaySeconds(noon + 40_000, noon, 0)).toBe(40);
    expect(pauseDelaySeconds(noon + 40_000, noon, 0.5)).toBe(70);
    expect(pauseDelaySeconds(noon + 900_000, noon, 0.9)).toBe(900);
    expect(pauseDelaySeconds(noon - 1000, noon, 0)).toBe(1);
  });
});
