/** What tells two texts of one document apart: when the order was made, as it sorts, and the text's hash. */
export interface DocumentVersion {
  readonly instant: string;
  readonly hash: string;
}

/** A text that was checked and is a document. */
export interface ParsedDocument extends DocumentVersion {
  readonly order_uid: string;
  /** As it was sent: parsing it would round its numbers. */
  readonly document: string;
}

/**
 * Which of two texts of one document is the document: the newer, then the one with the greater hash. Both sides decide
 * by this alone, so whatever comes in whichever order, both end with the same.
 */
export const wins = (one: DocumentVersion, other: DocumentVersion): boolean =>
  one.instant === other.instant ? one.hash > other.hash : one.instant > other.instant;

/** What the cache knows of a document until then, in ms since the epoch: its text, or that there is none. */
export type Cached = (({ readonly found: true } & ParsedDocument) | { readonly found: false }) & {
  readonly until: number;
};

/** That there is no such document is believed for so long. */
export const NOT_FOUND_TTL_MS = 30_000;

/** What is asked and answered is asked again when somebody wants it; and a record of it may bear a whole document. */
export const LOOKUP_TTL_SECONDS = 24 * 3600;

/** An expired row is never served, whether or not anybody has removed it yet. */
export const isFresh = (cached: Cached, now: number): boolean => cached.until > now;

/**
 * The row after a word of the store, or nothing where the word changes nothing. Documents are never deleted, so one that
 * was found outweighs any word that there is none, in either order. A row expires by the time at which the store said
 * it: a word that was long under way is as old as it is.
 */
export function applyToCache(before: Cached | undefined, heard: Cached, now: number): Cached | undefined {
  if (!isFresh(heard, now)) return undefined;
  if (!before) return heard;
  if (!before.found || !heard.found) {
    if (before.found) return undefined;
    return heard.found || heard.until > before.until ? heard : undefined;
  }
  if (before.hash === heard.hash) return heard.until > before.until ? heard : undefined;
  return wins(heard, before) ? heard : undefined;
}
