import type { Clock } from '../shared/runtime/clock.ts';
import { count, logger } from '../shared/runtime/observability.ts';
import type { CacheStore } from './cache-store.ts';
import type { Cached } from './document.ts';
import type { DocumentMemory } from './document-memory.ts';

/** A caller waits so long for an answer of the store, and then is told to come again. */
const MAX_WAIT_MS = 2000;
/** Both ways take about 100 ms. Each pause is half as long again as the one before, so a wait is nine looks at most. */
const FIRST_PAUSE_MS = 30;
const GROWTH = 1.5;
/** A new environment begins with so many of the newest documents, which are asked for most. */
const WARM_UP_COUNT = 25;

/** A document's text and whether the cache had it; that there is none; or that the store has been asked. */
export type LookupResult = { readonly document: string; readonly isHit: boolean } | 'unknown' | 'asked';

/** What one call stands on: the memory is its environment's, the cache everybody's. */
interface FindPorts {
  readonly cache: CacheStore;
  readonly memory: DocumentMemory;
  readonly clock: Clock;
}

/** Memory, then the cache, then a question to the store, whose answer is waited for a while. */
export async function findDocument(uid: string, correlationId: string, on: FindPorts): Promise<LookupResult> {
  const { cache, memory, clock } = on;
  const kept = memory.get(uid, clock.now());
  if (kept !== undefined) {
    count('CacheHit');
    return { document: kept, isHit: true };
  }
  const [known] = await Promise.all([cache.look(uid), warmUp(on)]);
  count(known ? 'CacheHit' : 'CacheMiss');
  const cached = known ?? (await awaitAnswer(uid, correlationId, on));
  if (!cached) return 'asked';
  if (!cached.found) return 'unknown';
  memory.keep(cached, clock.now());
  return { document: cached.document, isHit: known !== undefined };
}

/**
 * What the store says within our patience. While somebody's question is open only the lease is looked at, not the
 * document; where a question ends without an answer, we ask.
 */
async function awaitAnswer(
  uid: string,
  correlationId: string,
  { cache, clock }: FindPorts,
): Promise<Cached | undefined> {
  const until = clock.now() + MAX_WAIT_MS;
  let known = await cache.ask(uid, correlationId);
  for (let pause = FIRST_PAUSE_MS; !known; pause *= GROWTH) {
    const left = until - clock.now();
    if (left <= 0) return cache.look(uid);
    await clock.sleep(Math.min(pause, left));
    if (!(await cache.isAsked(uid))) known = await cache.ask(uid, correlationId);
  }
  return known;
}

/** Once for each environment. It only saves reads, so it is never a reason to fail. */
async function warmUp({ cache, memory, clock }: FindPorts): Promise<void> {
  if (memory.isWarm) return;
  memory.isWarm = true;
  try {
    for (const cached of await cache.newest(WARM_UP_COUNT)) if (cached.found) memory.keep(cached, clock.now());
  } catch (error) {
    logger.warn('not warmed up', { error: error as Error });
  }
}
