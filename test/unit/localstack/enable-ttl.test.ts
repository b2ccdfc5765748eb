import { describe, expect, test } from 'vitest';
import { findTtlTables } from '../../../localstack/enable-ttl.ts';

describe('findTtlTables', () => {
  test('returns the tables of a template whose TTL is enabled', () => {
    const spec = (Enabled: boolean) => ({ TimeToLiveSpecification: { Enabled, AttributeName: 'expires_at' } });
    const Resources = {
      Orders: { Type: 'AWS::DynamoDB::Table', Properties: spec(true) },
      Off: { Type: 'AWS::DynamoDB::Table', Properties: spec(false) },
      Queue: { Type: 'AWS::SQS::Queue' },
    };
    expect(findTtlTables({ Resources })).toEqual([{ logicalId: 'Orders', attribute: 'expires_at' }]);
  });
});
