import { describe, expect, it } from 'vitest';
import engineTypes from '../support/engine-types.json' with { type: 'json' };
import { synthesized } from '../support/synthesized.ts';

const core = synthesized('local');
const ofType = (type: string) => core.resources.filter(({ Type }) => Type === type);
const engines = Object.entries(engineTypes).filter(([, types]) => Array.isArray(types)) as [string, string[]][];

/** Where one of these engines is silent or wrong, the app does not go (docs/architecture.md). */
describe('what is deployed on every engine', () => {
  it.each(engines)('is known to %s, type by type', (_engine, types) => {
    const known = new Set(types.map((type) => type.toLowerCase()));
    expect(core.resources.map(({ Type }) => Type).filter((type) => !known.has(type.toLowerCase()))).toEqual([]);
  });

  it('is the same on AWS, but for what the stack of AWS alone adds, and the people who are told', () => {
    const types = (stage: 'local' | 'prod') =>
      new Set(
        synthesized(stage)
          .resources.filter(({ stack }) => !stack.endsWith('-aws'))
          .map(({ Type }) => Type),
      );
    expect([...types('prod')].filter((type) => !types('local').has(type)).toSorted()).toEqual([
      'AWS::ApiGateway::Account',
      'AWS::SNS::Topic',
      'AWS::SNS::TopicPolicy',
    ]);
  });

  it('needs no custom resource, pipe, scheduler or HTTP API', () => {
    for (const { Type } of core.resources)
      expect(Type).not.toMatch(/^Custom::|CustomResource|Pipes|Scheduler|ApiGatewayV2/);
  });

  it('refers to no secret by name', () => {
    expect(JSON.stringify(core.resources)).not.toContain('secretName');
  });

  it('asks of a stream neither bisection nor partial answers, and filters no queue', () => {
    for (const { Properties } of ofType('AWS::Lambda::EventSourceMapping')) {
      const ofStream = JSON.stringify(Properties['EventSourceArn']).includes('Stream');
      if (ofStream) {
        expect(Properties).not.toHaveProperty('BisectBatchOnFunctionError');
        expect(Properties).not.toHaveProperty('FunctionResponseTypes');
      } else {
        expect(Properties).not.toHaveProperty('FilterCriteria');
        expect(Properties['FunctionResponseTypes']).toEqual(['ReportBatchItemFailures']);
      }
    }
  });

  it('has alarms on plain metrics only', () => {
    const alarms = ofType('AWS::CloudWatch::Alarm');
    expect(alarms.length).toBeGreaterThan(0);
    for (const { Properties } of alarms) expect(Properties).not.toHaveProperty('Metrics');
  });

  it('schedules by cron, since a rate drifts from the minute', () => {
    for (const { Properties } of ofType('AWS::Events::Rule'))
      expect(String(Properties['ScheduleExpression'] ?? 'cron')).toMatch(/^cron/);
  });
});
