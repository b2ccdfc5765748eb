import type { TransactWriteCommandInput } from '@aws-sdk/lib-dynamodb';
import type { Condition, Key, Write } from './store.ts';

/** Returns the key attributes alone. A whole row may be used as a key, but DynamoDB refuses any other attribute. */
export const keyOnly = ({ pk, sk }: Key) => ({ pk, sk });

type TransactItem = NonNullable<TransactWriteCommandInput['TransactItems']>[number];

/** Translates a write into one item of TransactWriteItems, whose refusal returns the row that failed the condition. */
export function transactItem(table: string, write: Write): TransactItem {
  const common = { TableName: table, ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } as const;
  switch (write.op) {
    case 'put':
      return { Put: { ...common, Item: write.row, ...(write.when ? conditionExpression(write.when) : {}) } };
    case 'update':
      return { Update: { ...common, Key: keyOnly(write.key), ...updateExpression(write) } };
    case 'delete':
      return { Delete: { ...common, Key: keyOnly(write.key), ...conditionExpression(write.when) } };
  }
}

function updateExpression({ set, when }: Extract<Write, { op: 'update' }>) {
  const condition = conditionExpression(when);
  // DynamoDB refuses a placeholder without a value, so undefined attributes are left out.
  const fields = Object.entries(set).filter(([, value]) => value !== undefined);
  return {
    UpdateExpression: `SET ${fields.map((_, index) => `#s${index} = :s${index}`).join(', ')}`,
    ConditionExpression: condition.ConditionExpression,
    ExpressionAttributeNames: {
      ...condition.ExpressionAttributeNames,
      ...Object.fromEntries(fields.map(([name], index) => [`#s${index}`, name])),
    },
    ExpressionAttributeValues: {
      ...condition.ExpressionAttributeValues,
      ...Object.fromEntries(fields.map(([, value], index) => [`:s${index}`, value])),
    },
  };
}

function conditionExpression(condition: Condition) {
  switch (condition.type) {
    case 'absent':
      return { ConditionExpression: 'attribute_not_exists(pk)' };
    case 'version':
      return {
        ConditionExpression: '#version = :version',
        ExpressionAttributeNames: { '#version': 'version' },
        ExpressionAttributeValues: { ':version': condition.version },
      };
  }
}
