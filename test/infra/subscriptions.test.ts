import { expect, test } from 'vitest';
import type { EventDefinition } from '../../events/envelope.ts';
import { synthesized } from '../support/synthesized.ts';

const { resources } = synthesized('test');

interface Subscription {
  readonly queue: string;
  readonly handler: string;
  readonly types: readonly string[];
}

/** What is deployed: the rule of each queue, and the file of the function that reads it. */
const subscriptions: Subscription[] = resources
  .filter(({ Type }) => Type === 'AWS::Lambda::Function')
  .flatMap(({ Properties }) => {
    const { Variables } = Properties['Environment'] as { Variables: Record<string, unknown> };
    const rule = resources.find((one) => one.Properties?.['Name'] === `oncebox-test-${Variables['CONSUMER']}`);
    const pattern = rule?.Properties['EventPattern'] as { 'detail-type': string[] } | undefined;
    if (!pattern) return [];
    const [, context, file] = /^oncebox-test-([a-z]+)-(.+)$/.exec(String(Properties['FunctionName'])) ?? [];
    return { queue: String(Variables['CONSUMER']), handler: `${context}/${file}.ts`, types: pattern['detail-type'] };
  });

test('there are subscriptions to look at', () => {
  expect(subscriptions.map(({ queue }) => queue)).toEqual(expect.arrayContaining(['order-payments', 'payment-status']));
});

test.each(subscriptions)('$queue brings to $handler what it consumes, and nothing else', async ({ handler, types }) => {
  const { handler: consumer } = (await import(new URL(`../../lambdas/${handler}`, import.meta.url).href)) as {
    handler: { events: readonly EventDefinition[] };
  };
  expect(consumer.events.map(({ type }) => type).sort()).toEqual([...types].sort());
});
