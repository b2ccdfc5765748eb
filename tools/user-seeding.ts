import { programmeStore } from '../lambdas/payments/update-programme/programme-store.ts';
import { chunksNeeded, usersOfGroup } from '../lambdas/payments/update-programme/seeding.ts';
import { systemClock } from '../lambdas/shared/runtime/clock.ts';
import type { Store } from '../lambdas/shared/store/store.ts';

export const DEFAULT_COUNT = 1000;
export const DEFAULT_SEED = 42;
/** Each chunk is a transaction of a hundred items. The local engine is not faster with more of them at once. */
const CONCURRENT_CHUNKS = 4;
const TIMEOUT_MS = 60_000;

interface Seeding {
  readonly seed: number;
  readonly count: number;
  readonly signal: AbortSignal;
}

/**
 * Creates the users of a seed that are missing, chunk by chunk, and returns their number. An interrupted or failed
 * seeding is completed by the next one, since each chunk reads which of its accounts exist.
 */
export async function seedUsers(
  store: Store,
  { seed, count, signal }: Seeding,
  onProgress: (done: number) => void,
): Promise<number> {
  const openProgramme = () => programmeStore({ store, clock: systemClock, deadlineMs: Date.now() + TIMEOUT_MS });
  const chunks = await openProgramme().reserveChunks(seed, chunksNeeded(count));
  let [nextGroup, done, created] = [0, 0, 0];
  const work = async () => {
    for (let group = nextGroup++; group < chunks.length && !signal.aborted; group = nextGroup++) {
      const users = usersOfGroup(seed, group, count);
      // The sum is formed after the await, since the other workers add to `created` meanwhile.
      const newUsers = await openProgramme().seedChunk(seed, Number(chunks[group]), users);
      created += newUsers;
      done += users.length;
      onProgress(done);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENT_CHUNKS }, work));
  return created;
}
