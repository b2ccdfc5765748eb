import type { TransactWriteCommandInput } from '@aws-sdk/lib-dynamodb';
import type { Condition, Key, Write } from './store.ts';

/** Returns the key attributes alone. A whole row may be used as a key, but DynamoDB refuses any other attribute. */
export const keyOnly = ({ pk, sk }: Key) => ({ pk, sk });

/** Makes a refusal carry the row that failed the condition. */
export const returnOldOnFailure = { ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } as const;

type TransactItem = NonNullable<TransactWriteCommandInput['TransactItems']>[number];

/** Translates a write into one item of TransactWriteItems. */
export function transactItem(table: string, write: Write): TransactItem {
  switch (write.op) {
    case 'put':
      return { Put: { ...putInput(table, write), ...returnOldOnFailure } };
    case 'update':
      return { Update: { ...updateInput(table, write), ...returnOldOnFailure } };
    case 'delete':
      return { Delete: { ...deleteInput(table, write), ...returnOldOnFailure } };
  }
}

export const putInput = (table: string, write: Extract<Write, { op: 'put' }>) => ({
  TableName: table,
  Item: write.row,
  ...(write.when ? conditionExpression(write.when) : {}),
});

export const deleteInput = (table: string, { key, when }: Extract<Write, { op: 'delete' }>) => ({
  TableName: table,
  Key: keyOnly(key),
  ...conditionExpression(when),
});

export function updateInput(table: string, { key, set, when }: Extract<Write, { op: 'update' }>) {
  const condition = conditionExpression(when);
  // DynamoDB refuses a placeholder without a value, so undefined attributes are left out.
  const fields = Object.entries(set).filter(([, value]) => value !== undefined);
  return {
    TableName: table,
    Key: keyOnly(key),
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

interface Expression {
  ConditionExpression: string;
  ExpressionAttributeNames?: Record<string, string>;
  ExpressionAttributeValues?: Record<string, unknown>;
}

function conditionExpression(condition: Condition): Expression {
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
