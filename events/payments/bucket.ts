import { fnv1a } from '../hash.ts';

/** Accounts outside the update programme stand in so many buckets. */
const OTHERS = 16;

/** Every bucket of accounts outside the update programme. */
export const otherBuckets: readonly string[] = Array.from({ length: OTHERS }, (_, at) => `other:${at}`);

/** Where an account stands for those who list or sum accounts: by its chunk, else by its name. It never changes. */
export const bucketOf = (user_id: string, chunk?: number): string =>
  chunk === undefined ? `other:${fnv1a(user_id) % OTHERS}` : `chunk:${chunk}`;
