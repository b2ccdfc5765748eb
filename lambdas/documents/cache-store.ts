import * as z from 'zod/mini';
import type { OrderFound } from '../../events/documents/order-found.ts';
import { OrderLookupRequested } from '../../events/documents/order-lookup-requested.ts';
import type { OrderNotFound } from '../../events/documents/order-not-found.ts';
import type { EventOf } from '../../events/envelope.ts';
import { toIso } from '../shared/runtime/clock.ts';
import { createRandomId } from '../shared/runtime/ids.ts';
import { count, logger } from '../shared/runtime/observability.ts';
import { commit, type UnitOfWork } from '../shared/store/commit.ts';
import { absent, type Key, type Row, versionIs, type Write } from '../shared/store/store.ts';
import { applyToCache, type Cached, isFresh, LOOKUP_TTL_SECONDS, NOT_FOUND_TTL_MS } from './document.ts';
import { newestCached } from './table.ts';

type LookupAnswer = EventOf<typeof OrderFound> | EventOf<typeof OrderNotFound>;

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
const Lease = z.object({ lookup_id: z.string(), until: z.number(), version: z.number() });
type Lease = z.infer<typeof Lease>;

/** Whoever asks has so long for the answer; then anybody may ask anew. */
const LEASE_MS = 5000;
const CACHED_LIST = 'cached';

const cacheKey = (uid: string): Key => ({ pk: `CACHE#${uid}`, sk: 'STATE' });
const leaseKey = (uid: string): Key => ({ pk: `CACHE#${uid}`, sk: 'LEASE' });

/** Whether a row is the cache's own, which fills itself again. */
export const isCacheRow = ({ pk, sk }: Key): boolean => pk.startsWith('CACHE#') && (sk === 'STATE' || sk === 'LEASE');

/** The API side: what was last heard of the store, and who is asking. The only place that knows these keys. */
export function cacheStore(unit: UnitOfWork, ttlMs: number) {
  const { store, clock } = unit;
  return {
    /** What is known, as long as it may be served. */
    look: async (uid: string) => parseFresh(await store.get(cacheKey(uid)), clock.now()),
    /** Has somebody ask the store, unless somebody does already or the answer is there by now. */
    ask: (uid: string, correlationId: string) => requestLookup(unit, uid, correlationId),
    /** Whether an answer is under way. A few bytes, however large the document is. */
    isAsked: async (uid: string) => activeLease(parseLease(await store.get(leaseKey(uid))), clock.now()) !== undefined,
    /** Takes in what the store says. */
    take: (event: LookupAnswer) => applyAnswer(unit, event, ttlMs),
    /** The newest documents that may be served. An index: it may lag by a moment. */
    newest: async (limit: number) => {
      const keys = await store.query({ partition: CACHED_LIST, index: newestCached, newestFirst: true, limit });
      const rows = keys.length > 0 ? await store.getMany(keys) : [];
      return rows.flatMap((row) => parseFresh(row, clock.now()) ?? []);
    },
  };
}
export type CacheStore = ReturnType<typeof cacheStore>;

const requestLookup = (unit: UnitOfWork, uid: string, correlationId: string): Promise<Cached | undefined> =>
  commit(unit, async (read) => {
    // in this order: where an answer has ended the lease, the row that was written with it is seen, and nobody asks twice
    const lease = parseLease(await read.get(leaseKey(uid)));
    const known = parseFresh(await read.get(cacheKey(uid)), unit.clock.now());
    const now = unit.clock.now();
    if (known || activeLease(lease, now)) return { writes: [], result: known };
    const next = { lookup_id: createRandomId(), until: now + LEASE_MS, version: (lease?.version ?? 0) + 1 };
    const item = { ...leaseKey(uid), ...next, expires_at: Math.ceil(next.until / 1000) };
    const cause = { time: toIso(now), correlation_id: uid, causation_id: correlationId };
    const asked = OrderLookupRequested.make({ order_uid: uid, lookup_id: next.lookup_id }, cause);
    return {
      writes: [{ op: 'put', row: item, when: lease ? versionIs(lease.version) : absent }],
      publish: [{ aggregate: cacheKey(uid).pk, events: [asked], ttlSeconds: LOOKUP_TTL_SECONDS }],
      result: undefined,
    };
  });

async function applyAnswer(unit: UnitOfWork, event: LookupAnswer, ttlMs: number): Promise<void> {
  const uid = event.data.order_uid;
  const isNews = await commit(unit, async (read) => {
    const [row, leaseRow] = await read.getMany([cacheKey(uid), leaseKey(uid)]);
    const now = unit.clock.now();
    const before = row && parseCacheRow(row);
    const next = applyToCache(before?.cached, toCached(event, ttlMs), now);
    const lease = activeLease(parseLease(leaseRow), now);
    // whoever waits under the lease may look now; that there is none answers its own lookup only, not a later one
    const isAnswered = event.type === 'OrderFound' || lease?.lookup_id === event.data.answers;
    const writes: Write[] = [
      ...(next ? [putCached(uid, next, before?.version)] : []),
      ...(lease && isAnswered ? [endLease(uid, lease)] : []),
    ];
    return { writes, result: next !== undefined };
  });
  if (isNews) logger.info(`CACHE UPDATED order_uid=${uid} source=order-found`);
  else count('StaleUpdates');
}

function toCached(event: LookupAnswer, ttlMs: number): Cached {
  const said = Date.parse(event.time);
  if (event.type === 'OrderNotFound') return { found: false, until: secondBefore(said + NOT_FOUND_TTL_MS) };
  const { answers: _, ...sealed } = event.data;
  return { found: true, ...sealed, until: secondBefore(said + ttlMs) };
}

/** A row expires by DynamoDB's own attribute, which knows seconds. */
const secondBefore = (ms: number): number => Math.floor(ms / 1000) * 1000;

function putCached(uid: string, { until, ...cached }: Cached, before: number | undefined): Write {
  const shelved = cached.found ? { list: CACHED_LIST, newest: `${cached.instant}#${uid}` } : {};
  const item = { ...cacheKey(uid), ...cached, ...shelved, version: (before ?? 0) + 1, expires_at: until / 1000 };
  return { op: 'put', row: item, when: before === undefined ? absent : versionIs(before) };
}

const endLease = (uid: string, { version }: Lease): Write => ({
  op: 'update',
  key: leaseKey(uid),
  set: { until: 0, version: version + 1 },
  when: versionIs(version),
});

function parseCacheRow(row: Row): { version: number; cached: Cached } {
  const { expires_at, version, ...known } = CacheRow.parse(row);
  return { version, cached: { ...known, until: expires_at * 1000 } };
}

function parseFresh(row: Row | undefined, now: number): Cached | undefined {
  const cached = row && parseCacheRow(row).cached;
  return cached && isFresh(cached, now) ? cached : undefined;
}

const parseLease = (row: Row | undefined): Lease | undefined => row && Lease.parse(row);
const activeLease = (lease: Lease | undefined, now: number): Lease | undefined =>
  lease && lease.until > now ? lease : undefined;
