import * as z from 'zod/mini';
import { required } from '../shared/runtime/env.ts';

/** The environment of what reads webhooks. `LOOPBACK` says whether a webhook may call this host itself, by HTTP. */
export const WebhooksEnv = z.object({ WEBHOOKS_TABLE: required, LOOPBACK: z.enum(['allowed', 'refused']) });

/** The environment of what enables or disables the rules that send order events. The names are separated by commas. */
const RulesEnv = z.object({ EVENT_BUS: required, EVENT_RULES: required });

/** The environment of what knows the secrets of webhooks: the API, which returns them, and the deliveries. */
export const SigningEnv = z.extend(WebhooksEnv, { WEBHOOK_KEYS_ARN: required, KEYS_CACHED_FOR_S: required });

export const WebhooksApiEnv = z.extend(SigningEnv, RulesEnv.shape);

/** The environment of the fan-out, which sends a message for each webhook. */
export const FanOutEnv = z.extend(RulesEnv, {
  WEBHOOKS_TABLE: required,
  DELIVERIES_QUEUE_URL: required,
  WEBHOOKS_CACHED_FOR_MS: required,
});

export const RotationEnv = z.object({ WEBHOOK_KEYS_ARN: required, ROTATE_AFTER_DAYS: required });
