import { Rejected } from '../runtime/errors.ts';
import { createRandomId, deriveId, hashOf } from '../runtime/ids.ts';
import { HttpError, InvalidInput } from './problem.ts';

const PRINTABLE = /^[\x20-\x7e]{1,255}$/;

/**
 * The identity of a request that creates something. The id derives from caller, route and Idempotency-Key, and becomes
 * the id of what is created, so the created row is also the record of the request. `body_hash` tells a repetition from
 * another request with the same key.
 */
export interface RequestIdentity {
  readonly id: string;
  readonly body_hash: string;
  /** Whether the caller gave a key. Without a key, each request is a new one. */
  readonly hasKey: boolean;
}

export function createRequestIdentity(
  routeKey: string,
  caller: string,
  key: string | undefined,
  body: unknown,
): RequestIdentity {
  const id = key === undefined ? createRandomId() : deriveId(caller, routeKey, key);
  return { id, body_hash: hashOf(body), hasKey: key !== undefined };
}

export function validateIdempotencyKey(key: string | undefined): string | undefined {
  if (key !== undefined && !PRINTABLE.test(key))
    throw new InvalidInput([{ path: 'Idempotency-Key', message: 'must have 1 to 255 printable characters' }]);
  return key;
}

/** Throws if a stage that requires the key gets a request without it. */
export function requireIdempotencyKey(key: string | undefined): void {
  if (key === undefined)
    throw new HttpError(
      400,
      'idempotency_key_required',
      'This request needs an Idempotency-Key header, so that it can be sent again without a second effect.',
    );
}

/** Throws if the row was created by a request with the same key and another body. */
export function assertSameRequest(row: Readonly<Record<string, unknown>>, { body_hash }: RequestIdentity): void {
  if (row['body_hash'] !== body_hash)
    throw new Rejected('idempotency_key_reused', 'This Idempotency-Key was used for a request with another body.', 422);
}
