import { fnv1a } from '../hash.ts';

/** The number of buckets of accounts outside the update programme. */
const HASHED_BUCKETS = 16;

export const hashedBuckets: readonly string[] = Array.from({ length: HASHED_BUCKETS }, (_, index) => `hash:${index}`);

/** Returns the bucket of an account: its chunk, or else a hash of its user. An account never changes its bucket. */
export const bucketOf = (user_id: string, chunk?: number): string =>
  chunk === undefined ? `hash:${fnv1a(user_id) % HASHED_BUCKETS}` : `chunk:${chunk}`;
