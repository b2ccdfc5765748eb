import { describe, expect, test } from 'vitest';
import engineTypes from '../support/engine-types.json' with { type: 'json' };
import { type SynthesizedStage, synthesized } from '../support/synthesized.ts';

// Synthesized before the tests, because it may take longer than a test's timeout on a busy machine.
const local = synthesized('local');
const prod = synthesized('prod');
const resourcesOfType = (type: string) => local.resources.filter(({ Type }) => Type === type);
const engines = Object.entries(engineTypes).filter(([, types]) => Array.isArray(types)) as [string, string[]][];

/** The core stacks use only what all engines support (docs/architecture.md). */
describe('the core stacks', () => {
  test.each(engines)('use only resource types that %s supports', (_engine, types) => {
    const supported = new Set(types.map((type) => type.toLowerCase()));
    expect(local.resources.map(({ Type }) => Type).filter((type) => !supported.has(type.toLowerCase()))).toEqual([]);
  });

  test('have the same resource types on AWS, plus those that a setting of the stage adds', () => {
    const types = ({ resources }: SynthesizedStage) =>
      new Set(resources.filter(({ stack }) => !stack.endsWith('-aws')).map(({ Type }) => Type));
    expect([...types(prod)].filter((type) => !types(local).has(type)).toSorted()).toEqual([
      'AWS::ApiGateway::Account',
      'AWS::CloudWatch::CompositeAlarm',
      'AWS::Events::Archive',
      'AWS::KMS::Key',
      'AWS::SNS::Topic',
      'AWS::SNS::TopicPolicy',
      'AWS::WAFv2::LoggingConfiguration',
      'AWS::WAFv2::WebACL',
      'AWS::WAFv2::WebACLAssociation',
    ]);
  });

  test('use no custom resource, pipe, scheduler or HTTP API', () => {
    for (const { Type } of local.resources)
      expect(Type).not.toMatch(/^Custom::|CustomResource|Pipes|Scheduler|ApiGatewayV2/);
  });

  test('refer to no secret by name', () => {
    expect(JSON.stringify(local.resources)).not.toContain('secretName');
  });

  test('use neither bisection nor partial batch responses for streams, and no filters for queues', () => {
    for (const { Properties } of resourcesOfType('AWS::Lambda::EventSourceMapping')) {
      const isStream = JSON.stringify(Properties['EventSourceArn']).includes('Stream');
      if (isStream) {
        expect(Properties).not.toHaveProperty('BisectBatchOnFunctionError');
        expect(Properties).not.toHaveProperty('FunctionResponseTypes');
      } else {
        expect(Properties).not.toHaveProperty('FilterCriteria');
        expect(Properties['FunctionResponseTypes']).toEqual(['ReportBatchItemFailures']);
      }
    }
  });

  test('have alarms on single metrics only', () => {
    const alarms = resourcesOfType('AWS::CloudWatch::Alarm');
    expect(alarms.length).toBeGreaterThan(0);
    for (const { Properties } of alarms) expect(Properties).not.toHaveProperty('Metrics');
  });

  test('schedule by cron, since one engine drifts from the minute with a rate', () => {
    for (const { Properties } of resourcesOfType('AWS::Events::Rule'))
      expect(String(Properties['ScheduleExpression'] ?? 'cron')).toMatch(/^cron/);
  });
});
