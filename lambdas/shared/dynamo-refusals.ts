import {
  ConditionalCheckFailedException,
  TransactionCanceledException,
  TransactionInProgressException,
} from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { Busy } from './errors.ts';
import { type Item, type Reason, Refused, type Write } from './store.ts';

const THROTTLES = new Set([
  'ProvisionedThroughputExceededException',
  'ThrottlingException',
  'RequestLimitExceeded',
  'LimitExceededException',
]);

/** Of Node, where a table cannot be reached, or leaves in the middle. */
const UNREACHABLE = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EAI_AGAIN', 'ENOTFOUND']);

/** A read of a table that throttles, or is away, is no failure of ours, and so to be asked again later. */
export const busyOf = (error: unknown, table: string): Busy | undefined =>
  THROTTLES.has(nameOf(error)) || isAway(error)
    ? new Busy(`${table} does not answer: ${nameOf(error)}`, { cause: error })
    : undefined;

/** The refusal of a write in our own words, or nothing where the error is no refusal. */
export function refusalOf(error: unknown, writes: readonly Write[]): Refused | undefined {
  if (error instanceof TransactionCanceledException) {
    const reasons = (error.CancellationReasons ?? []).map(reasonOf);
    // a validation fault is a bug of ours: trying again would only hide it
    return reasons.length > 0 && reasons.every((reason) => reason !== undefined) ? new Refused(reasons) : undefined;
  }
  if (error instanceof ConditionalCheckFailedException)
    return new Refused([{ why: 'condition', row: error.Item && (unmarshall(error.Item) as Item) }]);
  if (error instanceof TransactionInProgressException || nameOf(error) === 'TransactionConflictException')
    return new Refused(writes.map(() => ({ why: 'conflict' })));
  if (THROTTLES.has(nameOf(error))) return new Refused(writes.map(() => ({ why: 'throttled' })));
  if (isAway(error)) return new Refused(writes.map(() => ({ why: 'away' })));
  return undefined;
}

function isAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { $fault, $metadata, code } = error as {
    $fault?: string;
    $metadata?: { httpStatusCode?: number };
    code?: string;
  };
  const status = $metadata?.httpStatusCode ?? 0;
  return $fault === 'server' || status >= 500 || error.name === 'TimeoutError' || UNREACHABLE.has(code ?? '');
}

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : '');

type Cancellation = NonNullable<TransactionCanceledException['CancellationReasons']>[number];

function reasonOf({ Code, Item }: Cancellation): Reason | undefined {
  switch (Code) {
    case undefined:
    case 'None':
      return { why: 'none' };
    case 'ConditionalCheckFailed':
      return { why: 'condition', row: Item && (unmarshall(Item) as Item) };
    case 'TransactionConflict':
      return { why: 'conflict' };
    case 'ThrottlingError':
    case 'ProvisionedThroughputExceeded':
      return { why: 'throttled' };
    default:
      return undefined;
  }
}
