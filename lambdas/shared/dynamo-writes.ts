import type { TransactWriteCommandInput } from '@aws-sdk/lib-dynamodb';
import type { Condition, Key, Write } from './store.ts';

/** A whole row may stand for its key; the engine refuses attributes that are no part of it. */
export const bare = ({ pk, sk }: Key) => ({ pk, sk });

/** So that a refusal brings the row that stands in the way. */
export const returnOld = { ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } as const;

type TransactItem = NonNullable<TransactWriteCommandInput['TransactItems']>[number];

/** A write as one item of a transaction. */
export function transactItem(table: string, write: Write): TransactItem {
  switch (write.op) {
    case 'put':
      return { Put: { ...putOf(table, write), ...returnOld } };
    case 'update':
      return { Update: { ...updateOf(table, write), ...returnOld } };
    case 'check':
      return { ConditionCheck: { TableName: table, Key: bare(write.key), ...conditionOf(write.when), ...returnOld } };
    case 'erase':
      return { Delete: { TableName: table, Key: bare(write.key), ...conditionOf(write.when), ...returnOld } };
  }
}

export const putOf = (table: string, write: Extract<Write, { op: 'put' }>) => ({
  TableName: table,
  Item: write.item,
  ...(write.when ? conditionOf(write.when) : {}),
});

export function updateOf(table: string, { key, set = {}, add = {}, when }: Extract<Write, { op: 'update' }>) {
  const condition = conditionOf(when);
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
    Key: bare(key),
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

export function conditionOf(condition: Condition): Expression {
  switch (condition.is) {
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
