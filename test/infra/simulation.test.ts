import { expect, test } from 'vitest';
import { API_TIMEOUT_S, newOutboxRecords, RELAY_TIMEOUT_S, STREAM_RECORDS_PER_BATCH } from '../../lib/limits.ts';
import { queueSettingsOf } from '../support/queue-settings.ts';
import { synthesized } from '../support/synthesized.ts';

// The simulation cannot read the templates, because the CDK is slow to load. These tests keep the two equal.
const { resources } = synthesized('prod');

const ofType = (type: string) => resources.filter(({ Type }) => Type === type);
const propertiesOf = (type: string, name: string, value: string) => {
  const found = ofType(type).find(({ Properties }) => Properties[name] === value);
  if (!found) throw new Error(`no ${type} with ${name} ${value}`);
  return found;
};

const consumers = ofType('AWS::Lambda::Function').flatMap((resource) => {
  const { Variables } = resource.Properties['Environment'] as { Variables: Record<string, string> };
  return Variables['CONSUMER'] === undefined ? [] : [{ queue: Variables['CONSUMER'], resource }];
});

test('there are consumers to compare', () => {
  expect(consumers.length).toBeGreaterThan(10);
});

test.each(consumers)('the simulated queue $queue has the limits of the deployed one', ({ queue, resource }) => {
  const { maxConcurrency, ...settings } = queueSettingsOf(queue);
  const { Properties } = propertiesOf('AWS::SQS::Queue', 'QueueName', `oncebox-prod-${queue}`);
  const mapping = ofType('AWS::Lambda::EventSourceMapping').find(
    ({ stack, Properties }) =>
      stack === resource.stack && JSON.stringify(Properties['FunctionName']) === JSON.stringify({ Ref: resource.id }),
  );
  expect({
    timeoutMs: Number(resource.Properties['Timeout']) * 1000,
    visibilityMs: Number(Properties['VisibilityTimeout']) * 1000,
    maxReceives: (Properties['RedrivePolicy'] as { maxReceiveCount: number }).maxReceiveCount,
    batchSize: mapping?.Properties['BatchSize'],
    scaling: mapping?.Properties['ScalingConfig'],
  }).toEqual({ ...settings, scaling: { MaximumConcurrency: maxConcurrency } });
});

test('the simulated streams have the filter and the batch size of the deployed ones', () => {
  const mappings = ofType('AWS::Lambda::EventSourceMapping').filter(({ Properties }) => Properties['FilterCriteria']);
  expect(mappings.length).toBeGreaterThan(3);
  for (const { Properties } of mappings) {
    const { Filters } = Properties['FilterCriteria'] as { Filters: { Pattern: string }[] };
    expect(Filters.map(({ Pattern }) => JSON.parse(Pattern))).toEqual([newOutboxRecords]);
    expect(Properties['BatchSize']).toBe(STREAM_RECORDS_PER_BATCH);
  }
});

test.each([
  ['relay-publish-outbox', RELAY_TIMEOUT_S],
  ['orders-api', API_TIMEOUT_S],
  ['documents-api', API_TIMEOUT_S],
])('the simulated function %s has the deployed timeout of %i s', (name, seconds) => {
  const { Properties } = propertiesOf('AWS::Lambda::Function', 'FunctionName', `oncebox-prod-${name}`);
  expect(Properties['Timeout']).toBe(seconds);
});
