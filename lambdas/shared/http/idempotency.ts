import { Rejected } from '../runtime/errors.ts';
import { createRandomId, deriveId, hashOf } from '../runtime/ids.ts';
import { InvalidInput } from './problem.ts';

const PRINTABLE = /^[\x20-\x7e]{1,255}$/;

/**
 * Who makes a thing, as the row of that thing remembers it: the id derives from (caller, route, key), so the row itself
 * is the record of the request, and `body_hash` tells a repeat from another request under the same key.
 */
export interface RequestIdentity {
  readonly id: string;
  readonly body_hash: string;
  /** Whether the caller gave a key; without one every request is a new one. */
  readonly hasKey: boolean;
}

export function createRequestIdentity(
  route: string,
  caller: string,
  key: string | undefined,
  body: unknown,
): RequestIdentity {
  const id = key === undefined ? createRandomId() : deriveId(caller, route, key);
  return { id, body_hash: hashOf(body), hasKey: key !== undefined };
}

export function validateIdempotencyKey(key: string | undefined): string | undefined {
  if (key !== undefined && !PRINTABLE.test(key))
    throw new InvalidInput([{ path: 'Idempotency-Key', message: '1 to 255 printable characters' }]);
  return key;
}

/** Passes where the row was made by this very request; another body under its key is refused. */
export function assertSameRequest(row: Readonly<Record<string, unknown>>, { body_hash }: RequestIdentity): void {
  if (row['body_hash'] !== body_hash)
    throw new Rejected('idempotency_key_reused', 'this Idempotency-Key was used for another request', 422);
}
