import * as z from 'zod/mini';
import { type Clock, isWithin } from '../runtime/clock.ts';
import { Busy } from '../runtime/errors.ts';
import { createRandomId } from '../runtime/ids.ts';
import { logger } from '../runtime/observability.ts';
import { commit } from '../store/commit.ts';
import { absent, type Row, type Store, versionIs, type Write } from '../store/store.ts';
import { isOlder, type Version } from './entry.ts';
import { cacheRowKey } from './group-row.ts';

/** A change that all execution environments learn of. */
export interface Announcement {
  /** The name of the cache. */
  readonly cache: string;
  readonly key: string;
  readonly version: Version;
}

/** How long an environment serves from memory without reading the feed. It is the bound of the freshness. */
export const FEED_INTERVAL_MS = 1000;
/** A read of the feed takes a few milliseconds. After this time, the environment continues without its memory. */
const FEED_TIMEOUT_MS = 300;

/** Announcements are dropped after this time. An environment that has missed one no longer trusts its memory. */
const KEPT_FOR_MS = 30_000;
/** A read of up to 4 KB takes one read unit. */
const MAX_CHARACTERS = 3500;
const ROW_TTL_S = 24 * 3600;

const feedKey = cacheRowKey('FEED');

const FeedData = z.array(
  z.tuple([
    z.string(),
    z.string(),
    z.union([z.number(), z.string()]),
    /** The version of the row that announced it, and its time in ms. */
    z.number(),
    z.number(),
  ]),
);
const FeedRow = z.object({
  version: z.number(),
  /** A new feed has a new id. An environment that knew another one cannot know what it has missed. */
  id: z.string(),
  data: z.string(),
  /** The version of the newest announcement that was dropped. */
  dropped: z.number(),
});

interface Feed extends Omit<z.infer<typeof FeedRow>, 'data'> {
  readonly announcements: z.infer<typeof FeedData>;
}

/** A feed of another release is as good as absent: it is replaced by a new one. */
function parseFeed(row: Row | undefined): Feed | undefined {
  const parsed = row && FeedRow.safeParse(row).data;
  if (!parsed) return undefined;
  try {
    const announcements = FeedData.safeParse(JSON.parse(parsed.data)).data;
    return announcements && { ...parsed, announcements };
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

interface FeedPorts {
  readonly store: Store;
  readonly clock: Clock;
}

/**
 * Announces changes to all environments. A change that is announced already, under this version or a newer one, is not
 * written again, so a repeated message costs one read.
 */
export async function announce(
  { store, clock }: FeedPorts,
  changes: readonly Announcement[],
  deadlineMs: number,
): Promise<void> {
  await commit({ store: store.withDeadline(deadlineMs), clock, deadlineMs }, async (read) => {
    const row = await read.get(feedKey);
    const feed = parseFeed(row);
    const missing = changes.filter((change) => !isAnnounced(feed, change));
    return { writes: missing.length > 0 ? [putFeed(row, feed, missing, clock.now())] : [], result: undefined };
  });
}

/** Replaces the feed by a new one, so that each environment stops trusting its memory. */
export async function restartFeed({ store, clock }: FeedPorts, deadlineMs: number): Promise<void> {
  await commit({ store: store.withDeadline(deadlineMs), clock, deadlineMs }, async (read) => {
    const row = await read.get(feedKey);
    return { writes: [putFeed(row, undefined, [], clock.now())], result: undefined };
  });
}

const isSubject = (cache: string, key: string, change: Announcement): boolean =>
  cache === change.cache && key === change.key;

const isAnnounced = (feed: Feed | undefined, change: Announcement): boolean =>
  (feed?.announcements ?? []).some(
    ([cache, key, version]) => isSubject(cache, key, change) && !isOlder(version, change.version),
  );

/** Returns the write of the feed with further announcements. Without a feed, it starts a new one. */
function putFeed(
  rowBefore: Row | undefined,
  feed: Feed | undefined,
  changes: readonly Announcement[],
  nowMs: number,
): Write {
  const versionBefore = Number(rowBefore?.['version'] ?? 0);
  // A new row never has a version that an earlier row had, so a write that was decided on that row is refused.
  const version = rowBefore ? versionBefore + 1 : nowMs;
  // A later announcement of a key replaces the earlier one, since it also covers it.
  const others = (feed?.announcements ?? []).filter(
    ([cache, key]) => !changes.some((change) => isSubject(cache, key, change)),
  );
  const added = changes.map((change): Feed['announcements'][number] => [
    change.cache,
    change.key,
    change.version,
    version,
    nowMs,
  ]);
  let kept = [...others, ...added];
  let dropped = feed?.dropped ?? 0;
  while (
    kept.length > 0 &&
    ((kept[0]?.[4] ?? 0) < nowMs - KEPT_FOR_MS || JSON.stringify(kept).length > MAX_CHARACTERS)
  ) {
    dropped = Math.max(dropped, kept[0]?.[3] ?? 0);
    kept = kept.slice(1);
  }
  const row = {
    ...feedKey,
    version,
    id: feed?.id ?? createRandomId(),
    data: JSON.stringify(kept),
    dropped,
    expires_at: Math.ceil(nowMs / 1000) + ROW_TTL_S,
  };
  return { op: 'put', row, when: rowBefore ? versionIs(versionBefore) : absent };
}

export interface FeedListener {
  readonly onChange: (change: Announcement) => void;
  /** Called if changes may have been missed. */
  readonly onGap: () => void;
}

/** The id of a table without a feed. */
const NO_FEED = '';

/**
 * Reads the feed in one execution environment, at most once a second and only when the environment is used, and passes
 * on each change since the last read.
 */
export class FeedReader {
  readonly #ports: FeedPorts;
  readonly #listener: FeedListener;
  /** The start of the last read that succeeded, and of the last one that failed. */
  #readAtMs = Number.NEGATIVE_INFINITY;
  #failedAtMs = Number.NEGATIVE_INFINITY;
  #id: string | undefined;
  #version = 0;
  #reading: Promise<boolean> | undefined;
  #readingSinceMs = Number.NEGATIVE_INFINITY;

  constructor(ports: FeedPorts, listener: FeedListener) {
    this.#ports = ports;
    this.#listener = listener;
  }

  /**
   * Returns whether the memory is current: it knows each change that was announced up to a second ago. If the feed
   * cannot be read, it is not, and the feed is not read again for a second.
   */
  async isCurrent(deadlineMs: number): Promise<boolean> {
    const nowMs = this.#ports.clock.now();
    if (isWithin(FEED_INTERVAL_MS, this.#readAtMs, nowMs)) return true;
    if (isWithin(FEED_INTERVAL_MS, this.#failedAtMs, nowMs)) return false;
    // A read beyond its timeout belongs to an invocation that was ended, and will not finish.
    if (this.#reading && isWithin(FEED_TIMEOUT_MS, this.#readingSinceMs, nowMs)) return this.#reading;
    this.#readingSinceMs = nowMs;
    this.#reading = this.#read(nowMs, Math.min(deadlineMs, nowMs + FEED_TIMEOUT_MS));
    return this.#reading;
  }

  async #read(startMs: number, deadlineMs: number): Promise<boolean> {
    try {
      this.#apply(parseFeed(await this.#ports.store.withDeadline(deadlineMs).get(feedKey)));
      this.#readAtMs = startMs;
      return true;
    } catch (error) {
      if (!(error instanceof Busy)) throw error;
      this.#failedAtMs = startMs;
      logger.warn('feed of the cache not read', { error: error as Error });
      return false;
    } finally {
      this.#reading = undefined;
    }
  }

  #apply(feed: Feed | undefined): void {
    const id = feed?.id ?? NO_FEED;
    const isKnown = id === this.#id;
    if (this.#id !== undefined && (!isKnown || (feed?.dropped ?? 0) > this.#version)) this.#listener.onGap();
    else
      for (const [cache, key, version, announcedIn] of feed?.announcements ?? [])
        if (announcedIn > this.#version) this.#listener.onChange({ cache, key, version });
    this.#id = id;
    this.#version = feed?.version ?? 0;
  }
}
