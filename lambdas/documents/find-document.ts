import { type Loaded, UNCACHED } from '../shared/cache/entry.ts';
import { ReadCache } from '../shared/cache/read-cache.ts';
import type { CacheStatus } from '../shared/cache/x-cache.ts';
import type { Clock } from '../shared/runtime/clock.ts';
import { logger } from '../shared/runtime/observability.ts';
import type { CacheStore } from './cache-store.ts';
import { type CachedDocument, type CachedText, versionTextOf } from './document.ts';

/** How long a caller waits for the answer to a lookup. After it, the caller gets 202 and has to ask again. */
const MAX_WAIT_MS = 2000;
/**
 * A lookup takes about 100 ms, for its request and its answer. With this growth, a caller pauses nine times at most.
 */
const FIRST_PAUSE_MS = 30;
const PAUSE_GROWTH = 1.5;
/** A new execution environment loads this number of the newest documents, because they are requested most. */
const WARM_UP_COUNT = 25;

/** The maximum age of a document in memory: an execution environment may serve a text that is stale by this time. */
export const MEMORY_TTL_MS = 5000;
/** The limit for all texts together. At two bytes per character, they take 32 MB of the function's memory at most. */
const MAX_CHARACTERS = 16 * 1024 * 1024;

/** A document's text; or that there is none; or that the lookup is not answered yet. Only texts are kept in memory. */
type FoundText = { readonly document: string } | 'not_found' | 'lookup_queued';

/** A document's text, and whether the cache had it; or that there is none; or that the lookup is not answered yet. */
export type LookupResult = { readonly document: string; readonly status: CacheStatus } | 'not_found' | 'lookup_queued';

/** The memory of one execution environment. */
export interface DocumentMemory {
  readonly texts: ReadCache<FoundText>;
  /** True once the environment has loaded the newest documents. */
  isWarmedUp: boolean;
}

export const createDocumentMemory = (clock: Clock): DocumentMemory => ({
  texts: new ReadCache({
    clock,
    ttlMs: MEMORY_TTL_MS,
    maxCharacters: MAX_CHARACTERS,
    sizeOf: (found) => (typeof found === 'string' ? 0 : found.document.length),
  }),
  isWarmedUp: false,
});

/** The memory belongs to one execution environment. All environments share the cache. */
interface FindPorts {
  readonly cache: CacheStore;
  readonly memory: DocumentMemory;
  readonly clock: Clock;
  readonly deadlineMs: number;
}

/**
 * Finds a document in memory, else in the cache, else by a lookup, whose answer it waits for. The callers of one
 * environment share one search.
 */
export async function findDocument(uid: string, correlationId: string, ports: FindPorts): Promise<LookupResult> {
  const { value: found = 'lookup_queued', status } = await ports.memory.texts.get(uid, {
    deadlineMs: ports.deadlineMs,
    load: async () => new Map([[uid, await search(uid, correlationId, ports)]]),
  });
  return typeof found === 'string' ? found : { document: found.document, status };
}

async function search(uid: string, correlationId: string, ports: FindPorts): Promise<Loaded<FoundText>> {
  const [cached] = await Promise.all([ports.cache.get(uid), warmUp(ports)]);
  const found = cached ?? (await waitForAnswer(uid, correlationId, ports));
  const hit = cached ? { isHit: true as const } : {};
  if (!found?.found) return { value: found ? 'not_found' : 'lookup_queued', version: '', untilMs: UNCACHED, ...hit };
  return { ...toLoaded(found), ...hit };
}

/** A text may stay in memory no longer than the cache row from which it was read may be served. */
const toLoaded = ({ document, until, ...cached }: CachedText): Loaded<FoundText> => ({
  value: { document },
  version: versionTextOf(cached),
  untilMs: until,
});

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
    for (const cached of await cache.getNewest(WARM_UP_COUNT))
      if (cached.found) memory.texts.remember(cached.order_uid, toLoaded(cached));
  } catch (error) {
    logger.warn('document memory not warmed up', { error: error as Error });
  }
}
