import { describe, expect, it } from 'vitest';
import { firstFailure, mostInformativeLine } from '../../../localstack/deploy-failure.ts';
import { parseMetrics } from '../../../localstack/emf.ts';
import { expiringIn } from '../../../localstack/enable-ttl.ts';

const event = (
  second: number,
  id: string,
  status: 'CREATE_FAILED' | 'CREATE_IN_PROGRESS',
  reason: string,
  type = 'AWS::SQS::Queue',
) => ({
  Timestamp: new Date(second * 1000),
  LogicalResourceId: id,
  ResourceStatus: status,
  ResourceStatusReason: reason,
  ResourceType: type,
  StackId: 'arn',
  EventId: id,
  StackName: 'oncebox-test-data',
});

describe('a failed deploy', () => {
  it('is told by the resource that failed first, not by those that fell with it', () => {
    const events = [
      event(4, 'oncebox', 'CREATE_FAILED', 'see Queue', 'AWS::CloudFormation::Stack'),
      event(3, 'Other', 'CREATE_FAILED', 'Resource creation cancelled'),
      event(2, 'Queue', 'CREATE_FAILED', 'no such key'),
      event(1, 'Queue', 'CREATE_IN_PROGRESS', ''),
    ];
    expect(firstFailure(events)?.ResourceStatusReason).toBe('no such key');
    expect(firstFailure([])).toBeUndefined();
  });

  it('is told by the error of the app where no stack is to blame', () => {
    const output =
      '/x/app.ts:3\n\nError: unknown stage "x"\n    at configOf (/x)\n\nNode.js v24\nSubprocess exited with error 1';
    expect(mostInformativeLine(output)).toBe('Error: unknown stage "x"');
    expect(mostInformativeLine('')).toBe('it said nothing');
  });
});

describe('a log line in the embedded metric format', () => {
  it('states its metrics, one for each set of dimensions', () => {
    const line = {
      _aws: {
        Timestamp: 1_000,
        CloudWatchMetrics: [
          { Namespace: 'Oncebox', Dimensions: [['service']], Metrics: [{ Name: 'OrdersProcessed', Unit: 'Count' }] },
        ],
      },
      service: 'orders',
      OrdersProcessed: [1, 2],
    };
    expect(parseMetrics(`2026-01-01T00:00:00Z\tINFO\t${JSON.stringify(line)}`)).toEqual([
      {
        namespace: 'Oncebox',
        name: 'OrdersProcessed',
        unit: 'Count',
        time: new Date(1_000),
        values: [1, 2],
        dimensions: { service: 'orders' },
      },
    ]);
  });

  it.each(['plain words', '{"message":"_aws"}', '{"_aws": broken "_aws"'])('is not %s', (line) => {
    expect(parseMetrics(line)).toEqual([]);
  });
});

describe('a template', () => {
  it('names the tables whose rows expire', () => {
    const spec = (Enabled: boolean) => ({ TimeToLiveSpecification: { Enabled, AttributeName: 'expires_at' } });
    const Resources = {
      Orders: { Type: 'AWS::DynamoDB::Table', Properties: spec(true) },
      Off: { Type: 'AWS::DynamoDB::Table', Properties: spec(false) },
      Queue: { Type: 'AWS::SQS::Queue' },
    };
    expect(expiringIn({ Resources })).toEqual([{ logicalId: 'Orders', attribute: 'expires_at' }]);
  });
});
