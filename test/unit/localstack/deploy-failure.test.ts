import { describe, expect, test } from 'vitest';
import { firstFailure, mostInformativeLine } from '../../../localstack/deploy-failure.ts';

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
  test('names the resource that failed first, not those that were cancelled because of it', () => {
    const events = [
      event(4, 'oncebox', 'CREATE_FAILED', 'see Queue', 'AWS::CloudFormation::Stack'),
      event(3, 'Other', 'CREATE_FAILED', 'Resource creation cancelled'),
      event(2, 'Queue', 'CREATE_FAILED', 'no such key'),
      event(1, 'Queue', 'CREATE_IN_PROGRESS', ''),
    ];
    expect(firstFailure(events)?.ResourceStatusReason).toBe('no such key');
    expect(firstFailure([])).toBeUndefined();
  });

  test('quotes the error of the app if no stack failed', () => {
    const output =
      '/x/app.ts:3\n\nError: unknown stage "x"\n    at configOf (/x)\n\nNode.js v24\nSubprocess exited with error 1';
    expect(mostInformativeLine(output)).toBe('Error: unknown stage "x"');
    expect(mostInformativeLine('')).toBe('no output');
  });
});
