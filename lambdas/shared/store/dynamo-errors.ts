import {
  ConditionalCheckFailedException,
  type DynamoDBServiceException,
  TransactionCanceledException,
  TransactionInProgressException,
} from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { Busy } from '../runtime/errors.ts';
import { type Reason, type Row, type Write, WriteRefused } from './store.ts';

const THROTTLES = new Set([
  'ProvisionedThroughputExceededException',
  'ThrottlingException',
  'RequestLimitExceeded',
  'LimitExceededException',
]);

/** Node's codes of errors that prevent or end a connection. */
const CONNECTION_ERRORS = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EAI_AGAIN', 'ENOTFOUND']);

/** The SDK's names of a request that exceeded its timeout, or its deadline. */
const TIMEOUTS = new Set(['TimeoutError', 'AbortError']);

/** Returns `Busy` for a read that was throttled or got no response, since it can be repeated later. */
export const toBusy = (error: unknown, table: string): Busy | undefined =>
  THROTTLES.has(errorName(error)) || isUnavailable(error)
    ? new Busy(`${table} does not respond: ${errorName(error)}`, { cause: error })
    : undefined;

/** Returns the refusal of a write with a reason for each write, or nothing if the error is not a refusal. */
export function toWriteRefused(error: unknown, writes: readonly Write[]): WriteRefused | undefined {
  const reasons = reasonsOf(error, writes);
  // The SDK repeats a request that got no response, and then reports the error of its last attempt only.
  const mayBeWritten = attemptsOf(error) > 1 || reasons?.some(({ kind }) => kind === 'no_response');
  return reasons && new WriteRefused(reasons, mayBeWritten);
}

function reasonsOf(error: unknown, writes: readonly Write[]): readonly Reason[] | undefined {
  if (error instanceof TransactionCanceledException) {
    const reasons = (error.CancellationReasons ?? []).map(toReason);
    // An unknown reason, such as a validation error, is a bug. A retry would only hide it.
    return reasons.length > 0 && reasons.every((reason) => reason !== undefined) ? reasons : undefined;
  }
  if (error instanceof ConditionalCheckFailedException)
    return [{ kind: 'condition', row: error.Item && (unmarshall(error.Item) as Row) }];
  if (errorName(error) === 'TransactionConflictException') return writes.map(() => ({ kind: 'conflict' }));
  if (THROTTLES.has(errorName(error))) return writes.map(() => ({ kind: 'throttled' }));
  // Each write has a token of its own, so the transaction in progress is an earlier attempt of this write.
  if (error instanceof TransactionInProgressException || isUnavailable(error))
    return writes.map(() => ({ kind: 'no_response' }));
  return undefined;
}

const attemptsOf = (error: unknown): number =>
  error instanceof Error ? ((error as Partial<DynamoDBServiceException>).$metadata?.attempts ?? 1) : 1;

function isUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { $fault, $metadata, code } = error as Partial<DynamoDBServiceException> & { code?: string };
  const status = $metadata?.httpStatusCode ?? 0;
  return $fault === 'server' || status >= 500 || TIMEOUTS.has(error.name) || CONNECTION_ERRORS.has(code ?? '');
}

const errorName = (error: unknown): string => (error instanceof Error ? error.name : '');

type Cancellation = NonNullable<TransactionCanceledException['CancellationReasons']>[number];

function toReason({ Code, Item }: Cancellation): Reason | undefined {
  switch (Code) {
    case undefined:
    case 'None':
      return { kind: 'none' };
    case 'ConditionalCheckFailed':
      return { kind: 'condition', row: Item && (unmarshall(Item) as Row) };
    case 'TransactionConflict':
      return { kind: 'conflict' };
    case 'ThrottlingError':
    case 'ProvisionedThroughputExceeded':
      return { kind: 'throttled' };
    default:
      return undefined;
  }
}
