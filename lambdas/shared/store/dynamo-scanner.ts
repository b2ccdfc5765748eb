import { type DynamoDBDocumentClient, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { abortAt } from '../runtime/client-settings.ts';
import { Busy } from '../runtime/errors.ts';
import { countCapacity } from '../runtime/observability.ts';
import { toBusy } from './dynamo-errors.ts';
import type { Scanner, ScanPage, ScanRequest } from './scanner.ts';
import type { Key, Row } from './store.ts';

/** Creates the DynamoDB adapter. DynamoDB reads up to 1 MB for a page and then selects rows from it. */
export const createDynamoScanner = (
  client: DynamoDBDocumentClient,
  table: string,
  deadlineMs = Number.POSITIVE_INFINITY,
): Scanner => ({
  withDeadline: (sooner) => createDynamoScanner(client, table, sooner),
  scan: async ({ segment, segments, range, after }): Promise<ScanPage> => {
    // A response may arrive before the timer of a deadline that has passed.
    if (Date.now() >= deadlineMs) throw new Busy(`no time is left to read ${table}`);
    try {
      const { Items, LastEvaluatedKey, ConsumedCapacity } = await client.send(
        new ScanCommand({
          TableName: table,
          ConsistentRead: true,
          Segment: segment,
          TotalSegments: segments,
          ReturnConsumedCapacity: 'TOTAL',
          ...filterOf(range),
          ...(after ? { ExclusiveStartKey: { pk: after.pk, sk: after.sk } } : {}),
        }),
        abortAt(deadlineMs),
      );
      countCapacity('read', ConsumedCapacity);
      return { rows: (Items ?? []) as Row[], ...(LastEvaluatedKey ? { next: LastEvaluatedKey as Key } : {}) };
    } catch (error) {
      throw toBusy(error, table) ?? error;
    }
  },
});

const filterOf = ({ attribute, from, below }: ScanRequest['range']) => ({
  FilterExpression: '#range >= :from AND #range < :below',
  ExpressionAttributeNames: { '#range': attribute },
  ExpressionAttributeValues: { ':from': from, ':below': below },
});
