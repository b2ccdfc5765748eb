import {
  ConcurrentModificationException,
  DisableRuleCommand,
  EnableRuleCommand,
  EventBridgeClient,
} from '@aws-sdk/client-eventbridge';
import { abortAt, clientSettings } from '../shared/runtime/client-settings.ts';
import { logger } from '../shared/runtime/observability.ts';

/** The rules that send order events to `webhook-events`. They are disabled while the stage has no webhook. */
export interface EventRules {
  enable(): Promise<void>;
  disable(): Promise<void>;
}

const MAX_ATTEMPTS = 3;

/** Returns the rules of the bus by their names, as a function of the deadline for the calls. */
export function createEventRules(bus: string, names: readonly string[]): (deadlineMs: number) => EventRules {
  const client = new EventBridgeClient(clientSettings);
  return (deadlineMs) => {
    const change = (Command: typeof EnableRuleCommand | typeof DisableRuleCommand) => async () => {
      const send = (Name: string) => client.send(new Command({ EventBusName: bus, Name }), abortAt(deadlineMs));
      await Promise.all(names.map((name) => repeatOnConflict(() => send(name))));
    };
    return { enable: change(EnableRuleCommand), disable: change(DisableRuleCommand) };
  };
}

/** EventBridge rejects a change of a rule during another change of it, and the SDK does not repeat such a call. */
async function repeatOnConflict(call: () => Promise<unknown>, attempt = 1): Promise<void> {
  try {
    await call();
  } catch (error) {
    if (!(error instanceof ConcurrentModificationException) || attempt === MAX_ATTEMPTS) throw error;
    await repeatOnConflict(call, attempt + 1);
  }
}

/**
 * Disables the rules if there is no webhook. A webhook may be created in between, and its creation enables the rules
 * after it has written the webhook: so either the second read finds it, or the rules are enabled after this.
 */
export async function disableIfUnused(rules: EventRules, hasWebhooks: () => Promise<boolean>): Promise<void> {
  if (await hasWebhooks()) return;
  await rules.disable();
  if (await hasWebhooks()) await rules.enable();
  else logger.info('order events are not sent to webhooks, because there are none');
}
