/** What orders two texts of the same document: its creation date in a sortable form, and the hash of the text. */
export interface DocumentVersion {
  readonly instant: string;
  readonly hash: string;
}

export interface ParsedDocument extends DocumentVersion {
  readonly order_uid: string;
  /** The text as it was sent, because parsed numbers may be rounded. */
  readonly document: string;
}

/**
 * Returns true if `a` replaces `b`: its date is later, or its hash is greater at the same date. The store side and the
 * cache side both decide by this function alone, so both end with the same text in any order of arrival.
 */
export const isNewer = (a: DocumentVersion, b: DocumentVersion): boolean =>
  a.instant === b.instant ? a.hash > b.hash : a.instant > b.instant;

/** Returns a text that orders two versions of a document as `isNewer` does. No instant contains the separator. */
export const versionTextOf = ({ instant, hash }: DocumentVersion): string => `${instant}#${hash}`;

/**
 * What the cache knows about one UID: the text of the document, or that there is no such document. It may be served
 * until `until`, in ms since the epoch.
 */
export type CachedDocument = (({ readonly found: true } & ParsedDocument) | { readonly found: false }) & {
  readonly until: number;
};

export type CachedText = Extract<CachedDocument, { found: true }>;

/** How long the cache may answer that there is no such document. */
export const NOT_FOUND_TTL_MS = 30_000;

/**
 * The TTL of the outbox records of lookups and their answers. It is short, because a lost lookup is requested again by
 * the next reader, and because the record of an answer contains a whole document.
 */
export const LOOKUP_TTL_SECONDS = 24 * 3600;

/** Returns whether the cached document may be served. DynamoDB deletes expired rows late, so it is checked here. */
export const isFresh = (cached: CachedDocument, now: number): boolean => cached.until > now;

/**
 * Returns what the cache row becomes after an answer of the store side, or nothing if the answer changes nothing.
 * Documents are never deleted, so a document replaces "not found" and is never replaced by it, in either order. The
 * row expires relative to the time of the answer, so a delayed answer is not served for longer.
 */
export function applyToCache(
  current: CachedDocument | undefined,
  answer: CachedDocument,
  now: number,
): CachedDocument | undefined {
  if (!isFresh(answer, now)) return undefined;
  if (!current) return answer;
  if (current.found && !answer.found) return undefined;
  if (!current.found && answer.found) return answer;
  const isSame = !current.found || !answer.found || current.hash === answer.hash;
  if (isSame) return answer.until > current.until ? answer : undefined;
  return isNewer(answer, current) ? answer : undefined;
}
