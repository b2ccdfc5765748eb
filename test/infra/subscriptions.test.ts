import { expect, test } from 'vitest';
import { predictEffect } from '../../bin/ops/dry-run-consumers.ts';
import { createTables } from '../../bin/ops/tables.ts';
import type { EventDefinition } from '../../events/envelope.ts';
import { deadLetterWith } from '../support/dlq-samples.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { synthesized } from '../support/synthesized.ts';

const { resources } = synthesized('test');

interface Subscription {
  readonly queue: string;
  readonly handler: string;
  readonly types: readonly string[];
}

/** The deployed subscriptions: the event types of each queue's rule, and the file of the queue's consumer. */
const subscriptions: Subscription[] = resources
  .filter(({ Type }) => Type === 'AWS::Lambda::Function')
  .flatMap(({ Properties }) => {
    const { Variables } = Properties['Environment'] as { Variables: Record<string, unknown> };
    const rule = resources.find(
      (resource) => resource.Properties?.['Name'] === `oncebox-test-${Variables['CONSUMER']}`,
    );
    const pattern = rule?.Properties['EventPattern'] as { 'detail-type': string[] } | undefined;
    if (!pattern) return [];
    const [, context, file] = /^oncebox-test-([a-z]+)-(.+)$/.exec(String(Properties['FunctionName'])) ?? [];
    return { queue: String(Variables['CONSUMER']), handler: `${context}/${file}.ts`, types: pattern['detail-type'] };
  });

test('finds the subscriptions in the templates', () => {
  expect(subscriptions.map(({ queue }) => queue)).toEqual(expect.arrayContaining(['order-payments', 'payment-status']));
});

test.each(subscriptions)('$queue delivers exactly the events that $handler consumes', async ({ handler, types }) => {
  const { handler: consumer } = (await import(new URL(`../../lambdas/${handler}`, import.meta.url).href)) as {
    handler: { events: readonly EventDefinition[] };
  };
  expect(consumer.events.map(({ type }) => type).sort()).toEqual([...types].sort());
});

/** The queues of all consumers, also of those that the bus does not feed. */
const queues = resources
  .filter(({ Type }) => Type === 'AWS::Lambda::Function')
  .map(({ Properties }) => (Properties['Environment'] as { Variables: Record<string, string> }).Variables['CONSUMER'])
  .filter((queue) => queue !== undefined);

test('each queue has a name of its own', () => {
  expect(queues.length).toBeGreaterThan(10);
  expect(queues.toSorted()).toEqual([...new Set(queues)].toSorted());
});

test.each(queues)('the operator can dry-run a redrive of %s', async (queue) => {
  const tables = createTables(() => createMemoryStore({ now: () => 0 }));
  expect((await predictEffect(queue, deadLetterWith('{"half":'), tables)).effect).toBe('fail_again');
});
