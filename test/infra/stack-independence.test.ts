import { expect, test } from 'vitest';
import { nameOf } from '../../lib/config.ts';
import { alarmsOf, childrenOf, compositeAlarmsOf, nameOfAlarm } from '../support/alarms.ts';
import { synthesized } from '../support/synthesized.ts';

const prod = synthesized('prod', { balances: { updates: 'on' }, backup: { copyRegion: 'eu-west-1' } });
const dev = synthesized('dev');
const platforms = [
  ['dev', dev],
  ['prod', prod],
] as const;

test.each(platforms)(
  'only the relay of %s imports a value of another stack: the streams of the tables',
  (name, stage) => {
    const importing = stage.stacks.filter(({ resources }) => JSON.stringify(resources).includes('Fn::ImportValue'));
    expect(importing.map((stack) => stack.name)).toEqual([`oncebox-${name}-relay`]);
  },
);

// CloudWatch refuses a composite alarm that names a missing alarm, and refuses to delete an alarm that is named. With a
// reference in one stack, CloudFormation creates, replaces and deletes them in an order that works.
test('a composite alarm refers to each of its alarms, which are in its own stack', () => {
  const composites = compositeAlarmsOf(prod);
  expect(composites.length).toBeGreaterThan(0);
  for (const composite of composites) expect(childrenOf(composite, prod).length).toBeGreaterThan(0);
});

test('the alarms on the functions and queues of a context are in its stack, except for throttles', () => {
  for (const { name, config, functions } of prod.platform.contexts) {
    const own = alarmsOf(prod).filter(({ stack }) => stack === nameOf(config, name));
    const inBackground = functions.filter(({ invokedBy }) => invokedBy !== 'api');
    if (inBackground.length > 0) expect(own.map(nameOfAlarm)).toContain(nameOf(config, `${name}-errors`));
  }
});

test.each(platforms)('the archive of %s is deleted before the bus, whose rule it owns', (name, stage) => {
  const archive = stage.resources.find(({ Type }) => Type === 'AWS::Events::Archive');
  const bus = stage.resources.find(({ Type }) => Type === 'AWS::Events::EventBus');
  expect(archive?.stack).toBe(`oncebox-${name}-relay`);
  // The reference makes CloudFormation delete the archive first.
  expect(archive?.Properties['SourceArn']).toEqual({ 'Fn::GetAtt': [bus?.id, 'Arn'] });
});

test('the firewall is in the stack of the API that it protects', () => {
  const association = prod.resources.find(({ Type }) => Type === 'AWS::WAFv2::WebACLAssociation');
  expect(association?.stack).toBe('oncebox-prod-api');
});
