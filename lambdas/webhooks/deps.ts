import { createSqsSender, type Send } from '../shared/messaging/sqs-sender.ts';
import { type Clock, type Deadline, isWithin } from '../shared/runtime/clock.ts';
import { readEnv } from '../shared/runtime/env.ts';
import { createSecretReader, type SecretVersions } from '../shared/runtime/rotating-secret.ts';
import { depsFactory, lambdaPorts, type TablePorts } from '../shared/store/tables.ts';
import type { UrlPolicy } from './address.ts';
import { FanOutEnv, SigningEnv, WebhooksApiEnv } from './env.ts';
import { createEventRules, disableIfUnused, type EventRules } from './event-rules.ts';
import type { Webhook } from './webhook.ts';
import { type WebhookStore, webhookStore } from './webhook-store.ts';

/** Returns the valid keys of the stage, the current one first. */
export type ReadKeys = () => Promise<SecretVersions>;

export interface WebhooksApiDeps {
  readonly webhooks: WebhookStore;
  readonly readKeys: ReadKeys;
  readonly policy: UrlPolicy;
  readonly rules: EventRules;
}

type CreateRules = (deadlineMs: number) => EventRules;
type SigningPorts = TablePorts & Pick<WebhooksApiDeps, 'readKeys' | 'policy'>;
type ApiPorts = SigningPorts & { readonly createRules: CreateRules };

export function createWebhooksApiDeps({ readKeys, policy, createRules, ...ports }: ApiPorts) {
  const createStore = depsFactory((work) => webhookStore(work))(ports);
  return (deadline: Deadline): WebhooksApiDeps => ({
    webhooks: createStore(deadline),
    readKeys,
    policy,
    rules: createRules(deadline.deadlineMs),
  });
}

/** Returns the ports of a function that knows the secrets of webhooks. */
export function signingPorts(): SigningPorts {
  const { WEBHOOKS_TABLE, WEBHOOK_KEYS_ARN, KEYS_CACHED_FOR_S, LOOPBACK } = readEnv(SigningEnv);
  const readKeys = createSecretReader(WEBHOOK_KEYS_ARN, Number(KEYS_CACHED_FOR_S));
  return { ...lambdaPorts(WEBHOOKS_TABLE), readKeys, policy: { allowsLoopback: LOOPBACK === 'allowed' } };
}

const readRules = ({ EVENT_BUS, EVENT_RULES }: { EVENT_BUS: string; EVENT_RULES: string }): CreateRules =>
  createEventRules(EVENT_BUS, EVENT_RULES.split(','));

export const webhooksApiDeps = () =>
  createWebhooksApiDeps({ ...signingPorts(), createRules: readRules(readEnv(WebhooksApiEnv)) });

export interface FanOutDeps {
  /** Returns all webhooks, from memory if they were read a moment ago. */
  readonly listAll: () => Promise<readonly Webhook[]>;
  /** Disables the rules that send order events if there is no webhook, at most once in a while. */
  readonly disableIfUnused: () => Promise<void>;
  /** Enables the rules again if one of them is disabled, at most once in ten minutes. */
  readonly keepEnabled: () => Promise<void>;
  readonly send: Send;
}

/** Events that were published before the rules were disabled still arrive, for as long as they were delayed. */
const DISABLED_AT_MOST_EVERY_MS = 10_000;
const ENABLED_AT_MOST_EVERY_MS = 600_000;

interface FanOutPorts extends TablePorts {
  readonly createSend: (deadlineMs: number) => Send;
  readonly createRules: CreateRules;
  readonly cachedForMs: number;
}

export function createFanOutDeps({ createSend, createRules, cachedForMs, ...ports }: FanOutPorts) {
  const createStore = depsFactory((work) => webhookStore(work))(ports);
  const rememberList = rememberFor<readonly Webhook[]>(ports.clock, cachedForMs);
  const rememberDisabling = rememberFor<void>(ports.clock, DISABLED_AT_MOST_EVERY_MS);
  const rememberEnabling = rememberFor<void>(ports.clock, ENABLED_AT_MOST_EVERY_MS);
  return (deadline: Deadline): FanOutDeps => {
    const { listAll } = createStore(deadline);
    const hasWebhooks = async () => (await listAll()).length > 0;
    const rules = createRules(deadline.deadlineMs);
    return {
      listAll: () => rememberList(listAll),
      disableIfUnused: () => rememberDisabling(() => disableIfUnused(rules, hasWebhooks)),
      keepEnabled: () => rememberEnabling(() => rules.enable()),
      send: createSend(deadline.deadlineMs),
    };
  };
}

/** Returns a function that loads a value at most once in a time. A load that fails is not remembered. */
function rememberFor<T>(clock: Clock, forMs: number): (load: () => Promise<T>) => Promise<T> {
  let remembered: { readonly value: Promise<T>; readonly sinceMs: number } | undefined;
  return (load) => {
    if (remembered && isWithin(forMs, remembered.sinceMs, clock.now())) return remembered.value;
    const value = load();
    remembered = { value, sinceMs: clock.now() };
    value.catch(() => {
      remembered = undefined;
    });
    return value;
  };
}

export function fanOutDeps() {
  const { WEBHOOKS_TABLE, DELIVERIES_QUEUE_URL, WEBHOOKS_CACHED_FOR_MS, ...rules } = readEnv(FanOutEnv);
  return createFanOutDeps({
    createRules: readRules(rules),
    ...lambdaPorts(WEBHOOKS_TABLE),
    createSend: createSqsSender(DELIVERIES_QUEUE_URL),
    cachedForMs: Number(WEBHOOKS_CACHED_FOR_MS),
  });
}
