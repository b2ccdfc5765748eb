import { expect, test } from 'vitest';
import type { EventDefinition } from '../../events/envelope.ts';
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
