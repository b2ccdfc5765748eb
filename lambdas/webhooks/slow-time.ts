import type { Clock } from '../shared/runtime/clock.ts';

/** A receiver that responds within this time is never limited. */
const PROMPT_MS = 1000;
/** The share of the time of an execution environment that one webhook may use by responses that are not prompt. */
const SHARE = 0.1;
/** What a webhook may use at once. So a receiver that is slow for a moment is not limited. */
const MAX_CREDIT_MS = 2000;

interface Credit {
  readonly ms: number;
  /** The time at which the webhook had this credit. It grows from then on. */
  readonly sinceMs: number;
}

/**
 * Limits the time that one execution environment spends on the slow responses of each webhook. While an environment
 * waits for a response, it delivers nothing to other webhooks, and the number of environments is limited. Each of them
 * counts for itself, so no row is written for a receiver that is slow.
 */
export class SlowTime {
  readonly #clock: Pick<Clock, 'now' | 'random'>;
  readonly #credits = new Map<string, Credit>();

  constructor(clock: Pick<Clock, 'now' | 'random'>) {
    this.#clock = clock;
  }

  /** Returns whether the webhook has used up its time, so that it must not be called now. */
  isUsedUp = (webhookId: string): boolean => this.#creditOf(webhookId) < 0;

  /** Charges a webhook for the time in which this environment has waited for its responses. */
  charge(webhookId: string, tookMs: number): void {
    const slowMs = tookMs - PROMPT_MS;
    if (slowMs <= 0) return;
    // Without the random factor, environments that a receiver has blocked together would be blocked together again.
    const ms = this.#creditOf(webhookId) - slowMs * (0.5 + this.#clock.random());
    this.#credits.set(webhookId, { ms, sinceMs: this.#clock.now() });
  }

  #creditOf(webhookId: string): number {
    const credit = this.#credits.get(webhookId);
    if (!credit) return MAX_CREDIT_MS;
    return Math.min(MAX_CREDIT_MS, credit.ms + (this.#clock.now() - credit.sinceMs) * SHARE);
  }
}
