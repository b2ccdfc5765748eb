import { describe, expect, test } from 'vitest';
import { parseMetrics } from '../../../localstack/emf.ts';

describe('parseMetrics', () => {
  test('returns a metric for each set of dimensions of a line in the embedded metric format', () => {
    const line = {
      _aws: {
        Timestamp: 1_000,
        CloudWatchMetrics: [
          {
            Namespace: 'Oncebox',
            Dimensions: [['service', 'stage']],
            Metrics: [{ Name: 'MessagesProcessed', Unit: 'Count' }],
          },
        ],
      },
      service: 'orders',
      stage: 'local',
      MessagesProcessed: [1, 2],
    };
    expect(parseMetrics(`2026-01-01T00:00:00Z\tINFO\t${JSON.stringify(line)}`)).toEqual([
      {
        namespace: 'Oncebox',
        name: 'MessagesProcessed',
        unit: 'Count',
        time: new Date(1_000),
        values: [1, 2],
        dimensions: { service: 'orders', stage: 'local' },
      },
    ]);
  });

  test.each(['plain text', '{"message":"_aws"}', '{"_aws": broken "_aws"'])(
    'returns nothing for the line %s',
    (line) => {
      expect(parseMetrics(line)).toEqual([]);
    },
  );
});
