import * as z from 'zod/mini';
import type { OrderFound } from '../../events/documents/order-found.ts';
import { OrderLookupRequested } from '../../events/documents/order-lookup-requested.ts';
import type { OrderNotFound } from '../../events/documents/order-not-found.ts';
import type { EventOf } from '../../events/envelope.ts';
import { cacheLeaseKey, cacheRowKey } from '../shared/cache/group-row.ts';
import { toIso } from '../shared/runtime/clock.ts';
import { createRandomId } from '../shared/runtime/ids.ts';
import { count, logger } from '../shared/runtime/observability.ts';
import { commit, type UnitOfWork } from '../shared/store/commit.ts';
import { absent, type Row, readRows, versionIs, type Write } from '../shared/store/store.ts';
import { applyToCache, type CachedDocument, isFresh, LOOKUP_TTL_SECONDS, NOT_FOUND_TTL_MS } from './document.ts';
import { newestCached } from './table.ts';

type AnswerEvent = EventOf<typeof OrderFound> | EventOf<typeof OrderNotFound>;

const CacheRow = z.discriminatedUnion('found', [
  z.object({
    found: z.literal(true),
    order_uid: z.string(),
    document: z.string(),
    instant: z.string(),
    hash: z.string(),
    expires_at: z.number(),
    version: z.number(),
  }),
  z.object({ found: z.literal(false), expires_at: z.number(), version: z.number() }),
]);

/** The right to request lookups of one UID. While it is active, no other caller requests one. */
const Lease = z.object({ lookup_id: z.string(), until: z.number(), version: z.number() });
type Lease = z.infer<typeof Lease>;

/** The time in which a lookup should be answered. After it, any caller may request the next lookup. */
const LEASE_MS = 5000;
const CACHED_LIST = 'cached';

const cacheKey = cacheRowKey;
const leaseKey = cacheLeaseKey;

/** Creates the store of the cache side: cached documents and leases. Only this file knows their keys. */
export function cacheStore(work: UnitOfWork, ttlMs: number) {
  const { store, clock } = work;
  return {
    /** Returns the cached document, if it may still be served. */
    get: async (uid: string) => parseFresh(await store.get(cacheKey(uid)), clock.now()),
    /** Requests a lookup, unless one is pending. Returns the cached document instead, if there is one by now. */
    requestLookup: (uid: string, correlationId: string) => requestLookup(work, uid, correlationId),
    /** Returns whether a lookup is pending. It reads only the lease, which is a few bytes, and not the document. */
    isLookupPending: async (uid: string) =>
      activeLease(parseLease(await store.get(leaseKey(uid))), clock.now()) !== undefined,
    applyAnswer: (event: AnswerEvent) => applyAnswer(work, event, ttlMs),
    /** Returns the newest documents that may be served. It reads an index, which may lag. */
    getNewest: async (limit: number) => {
      const keys = await store.query({ partition: CACHED_LIST, index: newestCached, newestFirst: true, limit });
      return (await readRows(store, keys)).flatMap((row) => parseFresh(row, clock.now()) ?? []);
    },
  };
}
export type CacheStore = ReturnType<typeof cacheStore>;

const requestLookup = (work: UnitOfWork, uid: string, correlationId: string): Promise<CachedDocument | undefined> =>
  commit(work, async (read) => {
    // The lease is read first. If an answer has ended it, the cache row of that answer is read too, because both were
    // written in one transaction, and no second lookup is requested.
    const lease = parseLease(await read.get(leaseKey(uid)));
    const cached = parseFresh(await read.get(cacheKey(uid)), work.clock.now());
    const now = work.clock.now();
    if (cached || activeLease(lease, now)) return { writes: [], result: cached };
    const next = { lookup_id: createRandomId(), until: now + LEASE_MS, version: (lease?.version ?? 0) + 1 };
    const row = { ...leaseKey(uid), ...next, expires_at: Math.ceil(next.until / 1000) };
    const cause = { time: toIso(now), correlation_id: uid, causation_id: correlationId };
    const requested = OrderLookupRequested.make({ order_uid: uid, lookup_id: next.lookup_id }, cause);
    return {
      writes: [{ op: 'put', row, when: lease ? versionIs(lease.version) : absent }],
      publish: [{ aggregate: cacheKey(uid).pk, events: [requested], ttlSeconds: LOOKUP_TTL_SECONDS }],
      result: undefined,
    };
  });

/** Updates the cache row, if the answer is newer, and ends the lease, so that waiting callers read the row. */
async function applyAnswer(work: UnitOfWork, event: AnswerEvent, ttlMs: number): Promise<void> {
  const uid = event.data.order_uid;
  const isUpdated = await commit(work, async (read) => {
    // The two rows may be of different moments. Each is written under its own version.
    const [row, leaseRow] = await read.getMany([cacheKey(uid), leaseKey(uid)]);
    const now = work.clock.now();
    const current = row && parseCacheRow(row);
    const next = applyToCache(current?.cached, toCachedDocument(event, ttlMs), now);
    const lease = activeLease(parseLease(leaseRow), now);
    // A document answers every pending lookup. "Not found" answers only its own lookup, and not a later one.
    const isAnswered = event.type === 'OrderFound' || lease?.lookup_id === event.data.in_reply_to;
    const writes: Write[] = [
      ...(next ? [putCached(uid, next, current?.version)] : []),
      ...(lease && isAnswered ? [endLease(uid, lease)] : []),
    ];
    return { writes, result: next !== undefined };
  });
  if (isUpdated) logger.info(`CACHE UPDATED order_uid=${uid} source=order-found`);
  else count('StaleUpdates');
}

function toCachedDocument(event: AnswerEvent, ttlMs: number): CachedDocument {
  const answeredAt = Date.parse(event.time);
  if (event.type === 'OrderNotFound') return { found: false, until: floorToSecond(answeredAt + NOT_FOUND_TTL_MS) };
  const { in_reply_to: _, ...document } = event.data;
  return { found: true, ...document, until: floorToSecond(answeredAt + ttlMs) };
}

/** Rounds down to a whole second, because DynamoDB's TTL attribute is in seconds. */
const floorToSecond = (ms: number): number => Math.floor(ms / 1000) * 1000;

function putCached(uid: string, { until, ...cached }: CachedDocument, versionBefore: number | undefined): Write {
  const indexKey = cached.found ? { list: CACHED_LIST, newest: `${cached.instant}#${uid}` } : {};
  const version = (versionBefore ?? 0) + 1;
  const row = { ...cacheKey(uid), ...cached, ...indexKey, version, expires_at: until / 1000 };
  return { op: 'put', row, when: versionBefore === undefined ? absent : versionIs(versionBefore) };
}

const endLease = (uid: string, { version }: Lease): Write => ({
  op: 'update',
  key: leaseKey(uid),
  set: { until: 0, version: version + 1 },
  when: versionIs(version),
});

function parseCacheRow(row: Row): { version: number; cached: CachedDocument } {
  const { expires_at, version, ...cached } = CacheRow.parse(row);
  return { version, cached: { ...cached, until: expires_at * 1000 } };
}

function parseFresh(row: Row | undefined, now: number): CachedDocument | undefined {
  const cached = row && parseCacheRow(row).cached;
  return cached && isFresh(cached, now) ? cached : undefined;
}

const parseLease = (row: Row | undefined): Lease | undefined => row && Lease.parse(row);
const activeLease = (lease: Lease | undefined, now: number): Lease | undefined =>
  lease && lease.until > now ? lease : undefined;
