import type { Clock } from '../shared/runtime/clock.ts';
import { count, logger } from '../shared/runtime/observability.ts';
import type { CacheStore } from './cache-store.ts';
import type { CachedDocument } from './document.ts';
import type { DocumentMemory } from './document-memory.ts';

/** How long a caller waits for the answer to a lookup. After it, the caller gets 202 and has to ask again. */
const MAX_WAIT_MS = 2000;
/**
 * A lookup takes about 100 ms, for its request and its answer. With this growth, a caller pauses nine times at most.
 */
const FIRST_PAUSE_MS = 30;
const PAUSE_GROWTH = 1.5;
/** A new execution environment loads this number of the newest documents, because they are requested most. */
const WARM_UP_COUNT = 25;

/** A document's text, and whether the cache had it; or that there is none; or that the lookup is not answered yet. */
export type LookupResult = { readonly document: string; readonly isHit: boolean } | 'not_found' | 'lookup_queued';

/** The memory belongs to one execution environment. All environments share the cache. */
interface FindPorts {
  readonly cache: CacheStore;
  readonly memory: DocumentMemory;
  readonly clock: Clock;
}

/** Finds a document in memory, else in the cache, else by a lookup, whose answer it waits for. */
export async function findDocument(uid: string, correlationId: string, ports: FindPorts): Promise<LookupResult> {
  const { cache, memory } = ports;
  const document = memory.get(uid);
  if (document !== undefined) {
    count('CacheHit');
    return { document, isHit: true };
  }
  const [cached] = await Promise.all([cache.get(uid), warmUp(ports)]);
  count(cached ? 'CacheHit' : 'CacheMiss');
  const found = cached ?? (await waitForAnswer(uid, correlationId, ports));
  if (!found) return 'lookup_queued';
  if (!found.found) return 'not_found';
  memory.set(found);
  return { document: found.document, isHit: cached !== undefined };
}

/**
 * Requests a lookup and waits for its answer. While a lookup is pending, only its lease is read, and not the document.
 * If the lookup of another caller ends without an answer, this caller requests the next one.
 */
async function waitForAnswer(
  uid: string,
  correlationId: string,
  { cache, clock }: FindPorts,
): Promise<CachedDocument | undefined> {
  const waitUntil = clock.now() + MAX_WAIT_MS;
  let cached = await cache.requestLookup(uid, correlationId);
  for (let pauseMs = FIRST_PAUSE_MS; !cached; pauseMs *= PAUSE_GROWTH) {
    const leftMs = waitUntil - clock.now();
    if (leftMs <= 0) return cache.get(uid);
    await clock.sleep(Math.min(pauseMs, leftMs));
    if (!(await cache.isLookupPending(uid))) cached = await cache.requestLookup(uid, correlationId);
  }
  return cached;
}

/**
 * Loads the newest documents into memory, once per execution environment. It only saves reads, so a failure is logged.
 */
async function warmUp({ cache, memory }: FindPorts): Promise<void> {
  if (memory.isWarmedUp) return;
  memory.isWarmedUp = true;
  try {
    for (const cached of await cache.getNewest(WARM_UP_COUNT)) if (cached.found) memory.set(cached);
  } catch (error) {
    logger.warn('document memory not warmed up', { error: error as Error });
  }
}
