import { createSqsSender, type Send } from '../shared/messaging/sqs-sender.ts';
import type { Clock, Deadline } from '../shared/runtime/clock.ts';
import { readEnv } from '../shared/runtime/env.ts';
import { createSecretReader, type SecretVersions } from '../shared/runtime/rotating-secret.ts';
import { depsFactory, lambdaPorts, type TablePorts } from '../shared/store/tables.ts';
import type { UrlPolicy } from './address.ts';
import { FanOutEnv, SigningEnv } from './env.ts';
import type { Webhook } from './webhook.ts';
import { type WebhookStore, webhookStore } from './webhook-store.ts';

/** Returns the valid keys of the stage, the current one first. */
export type ReadKeys = () => Promise<SecretVersions>;

export interface WebhooksApiDeps {
  readonly webhooks: WebhookStore;
  readonly readKeys: ReadKeys;
  readonly policy: UrlPolicy;
}

type SigningPorts = TablePorts & Pick<WebhooksApiDeps, 'readKeys' | 'policy'>;

export const createWebhooksApiDeps = ({ readKeys, policy, ...ports }: SigningPorts) =>
  depsFactory((work): WebhooksApiDeps => ({ webhooks: webhookStore(work), readKeys, policy }))(ports);

/** Returns the ports of a function that knows the secrets of webhooks. */
export function signingPorts(): SigningPorts {
  const { WEBHOOKS_TABLE, WEBHOOK_KEYS_ARN, KEYS_CACHED_FOR_S, LOOPBACK } = readEnv(SigningEnv);
  const readKeys = createSecretReader(WEBHOOK_KEYS_ARN, Number(KEYS_CACHED_FOR_S));
  return { ...lambdaPorts(WEBHOOKS_TABLE), readKeys, policy: { allowsLoopback: LOOPBACK === 'allowed' } };
}

export const webhooksApiDeps = () => createWebhooksApiDeps(signingPorts());

export interface FanOutDeps {
  /** Returns the webhooks that get events, from memory if they were read a moment ago. */
  readonly listEnabled: () => Promise<readonly Webhook[]>;
  readonly send: Send;
}

interface FanOutPorts extends TablePorts {
  readonly createSend: (deadlineMs: number) => Send;
  readonly cachedForMs: number;
}

export function createFanOutDeps({ createSend, cachedForMs, ...ports }: FanOutPorts) {
  const createDeps = depsFactory((work) => webhookStore(work))(ports);
  const remember = rememberFor<readonly Webhook[]>(ports.clock, cachedForMs);
  return (deadline: Deadline): FanOutDeps => ({
    listEnabled: () => remember(() => createDeps(deadline).listEnabled()),
    send: createSend(deadline.deadlineMs),
  });
}

/** Returns a function that loads a value at most once in a time. A load that fails is not remembered. */
function rememberFor<T>(clock: Clock, forMs: number): (load: () => Promise<T>) => Promise<T> {
  let remembered: { readonly value: Promise<T>; readonly untilMs: number } | undefined;
  return (load) => {
    if (remembered && clock.now() < remembered.untilMs) return remembered.value;
    const value = load();
    remembered = { value, untilMs: clock.now() + forMs };
    value.catch(() => {
      remembered = undefined;
    });
    return value;
  };
}

export function fanOutDeps() {
  const { WEBHOOKS_TABLE, DELIVERIES_QUEUE_URL, WEBHOOKS_CACHED_FOR_MS } = readEnv(FanOutEnv);
  return createFanOutDeps({
    ...lambdaPorts(WEBHOOKS_TABLE),
    createSend: createSqsSender(DELIVERIES_QUEUE_URL),
    cachedForMs: Number(WEBHOOKS_CACHED_FOR_MS),
  });
}
