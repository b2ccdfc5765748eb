import type { TransactWriteCommandInput } from '@aws-sdk/lib-dynamodb';
import type { Condition, Key, Write } from './store.ts';

/** A whole row may stand for its key; the engine refuses attributes that are no part of it. */
export const keyOnly = ({ pk, sk }: Key) => ({ pk, sk });

/** So that a refusal brings the row that stands in the way. */
export const returnOldOnFailure = { ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } as const;

type TransactItem = NonNullable<TransactWriteCommandInput['TransactItems']>[number];

/** A write as one item of a transaction. */
export function transactItem(table: string, write: Write): TransactItem {
  switch (write.op) {
    case 'put':
      return { Put: { ...putInput(table, write), ...returnOldOnFailure } };
    case 'update':
      return { Update: { ...updateInput(table, write), ...returnOldOnFailure } };
    case 'check':
      return {
        ConditionCheck: {
          TableName: table,
          Key: keyOnly(write.key),
          ...conditionExpression(write.when),
          ...returnOldOnFailure,
        },
      };
    case 'erase':
      return {
        Delete: {
          TableName: table,
          Key: keyOnly(write.key),
          ...conditionExpression(write.when),
          ...returnOldOnFailure,
        },
      };
  }
}

export const putInput = (table: string, write: Extract<Write, { op: 'put' }>) => ({
  TableName: table,
  Item: write.item,
  ...(write.when ? conditionExpression(write.when) : {}),
});

export function updateInput(table: string, { key, set = {}, add = {}, when }: Extract<Write, { op: 'update' }>) {
  const condition = conditionExpression(when);
  const names: Record<string, string> = { ...condition.ExpressionAttributeNames };
  const values: Record<string, unknown> = { ...condition.ExpressionAttributeValues };
  const clause = (fields: Readonly<Record<string, unknown>>, prefix: string, join: string) =>
    Object.entries(fields)
      // what is undefined is not said: a name without its value would be refused
      .filter(([, value]) => value !== undefined)
      .map(([field, value], at) => {
        names[`#${prefix}${at}`] = field;
        values[`:${prefix}${at}`] = value;
        return `#${prefix}${at}${join}:${prefix}${at}`;
      });
  const sets = clause(set, 's', ' = ');
  const adds = clause(add, 'a', ' ');
  return {
    TableName: table,
    Key: keyOnly(key),
    UpdateExpression: [sets.length ? `SET ${sets.join(', ')}` : '', adds.length ? `ADD ${adds.join(', ')}` : '']
      .filter(Boolean)
      .join(' '),
    ConditionExpression: condition.ConditionExpression,
    ExpressionAttributeNames: names,
    ExpressionAttributeValues: values,
  };
}

interface Expression {
  ConditionExpression: string;
  ExpressionAttributeNames?: Record<string, string>;
  ExpressionAttributeValues?: Record<string, unknown>;
}

export function conditionExpression(condition: Condition): Expression {
  switch (condition.type) {
    case 'absent':
      return { ConditionExpression: 'attribute_not_exists(pk)' };
    case 'version':
      return {
        ConditionExpression: '#when = :when',
        ExpressionAttributeNames: { '#when': 'version' },
        ExpressionAttributeValues: { ':when': condition.version },
      };
    case 'atLeast':
      return {
        ConditionExpression: '#when >= :when',
        ExpressionAttributeNames: { '#when': condition.field },
        ExpressionAttributeValues: { ':when': condition.value },
      };
  }
}
