import { setImmediate as afterPendingSteps } from 'node:timers/promises';
import { ConcurrentModificationException, EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createEventRules, disableIfUnused } from '../../../lambdas/webhooks/event-rules.ts';
import { RecordingRules } from '../../support/event-rules.ts';

/** Returns every sequence of turns with so many of `a` and of `b`. */
function interleavings(a: number, b: number): string[] {
  if (a + b === 0) return [''];
  return [
    ...(a > 0 ? interleavings(a - 1, b).map((turns) => `a${turns}`) : []),
    ...(b > 0 ? interleavings(a, b - 1).map((turns) => `b${turns}`) : []),
  ];
}

/** Lets each actor take its next step only when it has its turn. Turns of an actor without a step are left out. */
class Turns {
  readonly #waiting = new Map<string, () => void>();

  step = (actor: string): Promise<void> => new Promise((resolve) => this.#waiting.set(actor, resolve));

  async take(turns: string): Promise<void> {
    for (const actor of turns) {
      await afterPendingSteps();
      this.#waiting.get(actor)?.();
      this.#waiting.delete(actor);
    }
    await afterPendingSteps();
  }
}

describe('disabling the rules while a webhook is created', () => {
  const CREATION_STEPS = 2;
  const DISABLING_STEPS = 4;
  const orders = interleavings(CREATION_STEPS, DISABLING_STEPS);

  test.each(orders)('leaves them enabled in the order %s', async (order) => {
    const turns = new Turns();
    const rules = new RecordingRules();
    let webhooks = 0;
    const create = async () => {
      await turns.step('a');
      webhooks += 1;
      await turns.step('a');
      await rules.enable();
    };
    const onTurn = (change: () => Promise<void>) => async () => {
      await turns.step('b');
      await change();
    };
    const disable = disableIfUnused({ enable: onTurn(rules.enable), disable: onTurn(rules.disable) }, async () => {
      await turns.step('b');
      return webhooks > 0;
    });
    const ended = Promise.all([create(), disable]);
    await turns.take(order);
    await ended;
    expect(rules.areEnabled).toBe(true);
  });

  test('leaves them disabled if no webhook is created', async () => {
    const rules = new RecordingRules();
    await disableIfUnused(rules, async () => false);
    expect(rules.changes).toEqual(['disable']);
  });
});

describe('the rules on EventBridge', () => {
  afterEach(() => vi.restoreAllMocks());
  const conflict = () => new ConcurrentModificationException({ message: 'in progress', $metadata: {} });
  const rulesOf = (failures: number) => {
    const calls: unknown[] = [];
    let left = failures;
    vi.spyOn(EventBridgeClient.prototype, 'send').mockImplementation(async (command: { input: object }) => {
      calls.push({ [command.constructor.name]: command.input });
      left -= 1;
      if (left >= 0) throw conflict();
    });
    return { calls, rules: createEventRules('oncebox-test', ['orders', 'tickets'])(Date.now() + 5000) };
  };

  test('are enabled and disabled on the bus of the stage', async () => {
    const { calls, rules } = rulesOf(0);
    await rules.enable();
    await rules.disable();
    expect(calls).toEqual([
      { EnableRuleCommand: { EventBusName: 'oncebox-test', Name: 'orders' } },
      { EnableRuleCommand: { EventBusName: 'oncebox-test', Name: 'tickets' } },
      { DisableRuleCommand: { EventBusName: 'oncebox-test', Name: 'orders' } },
      { DisableRuleCommand: { EventBusName: 'oncebox-test', Name: 'tickets' } },
    ]);
  });

  test('are changed again after a conflict with another change', async () => {
    const { calls, rules } = rulesOf(2);
    await rules.enable();
    expect(calls).toHaveLength(4);
  });

  test('report a conflict that does not end', async () => {
    const { rules } = rulesOf(10);
    await expect(rules.enable()).rejects.toThrow('in progress');
  });
});
