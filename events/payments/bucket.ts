import { fnv1a } from '../hash.ts';

/** Accounts outside the update programme stand in so many buckets. */
const HASHED_BUCKETS = 16;

/** Every bucket of accounts outside the update programme. */
export const hashedBuckets: readonly string[] = Array.from({ length: HASHED_BUCKETS }, (_, at) => `hash:${at}`);

/** Where an account stands for those who list or sum accounts: by its chunk, else by its name. It never changes. */
export const bucketOf = (user_id: string, chunk?: number): string =>
  chunk === undefined ? `hash:${fnv1a(user_id) % HASHED_BUCKETS}` : `chunk:${chunk}`;
