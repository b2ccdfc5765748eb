import type { Cached } from './document.ts';

/** What one environment of a function remembers is at most so old: what it serves may be stale for this long. */
export const MEMORY_TTL_MS = 5000;
/** Letters of all its documents together: a small part of what the function has. */
const MAX_CHARACTERS = 16 * 1024 * 1024;

/** The documents that one environment of a function has read a moment ago. */
export class DocumentMemory {
  /** Whether it was given something to begin with. */
  isWarm = false;
  readonly #documents = new Map<string, { document: string; until: number }>();
  #letters = 0;

  get(uid: string, now: number): string | undefined {
    const kept = this.#documents.get(uid);
    if (!kept || kept.until > now) return kept?.document;
    this.#forget(uid);
    return undefined;
  }

  /** No longer than the row from which it was read may be served. */
  keep({ order_uid, document, until }: Extract<Cached, { found: true }>, now: number): void {
    this.#forget(order_uid);
    this.#documents.set(order_uid, { document, until: Math.min(until, now + MEMORY_TTL_MS) });
    this.#letters += document.length;
    for (const oldest of this.#documents.keys()) {
      if (this.#letters <= MAX_CHARACTERS) break;
      this.#forget(oldest);
    }
  }

  #forget(uid: string): void {
    this.#letters -= this.#documents.get(uid)?.document.length ?? 0;
    this.#documents.delete(uid);
  }
}
