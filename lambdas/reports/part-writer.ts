import { gzipSync } from 'node:zlib';

/**
 * The text that is compressed at once. More would compress hardly better, and less would cost more for the header of
 * each member.
 */
const MEMBER_CHARACTERS = 256 * 1024;

/**
 * Compresses text into members of a gzip file. A gzip file may have any number of members, so parts become one file
 * without being compressed again. Only the compressed bytes and the text of one member stay in memory.
 */
export class PartWriter {
  readonly #members: Uint8Array[] = [];
  #pending: string[] = [];
  #pendingCharacters = 0;
  #bytes = 0;

  /** The compressed bytes so far. */
  get bytes(): number {
    return this.#bytes;
  }

  write(text: string): void {
    this.#pending.push(text);
    this.#pendingCharacters += text.length;
    if (this.#pendingCharacters >= MEMBER_CHARACTERS) this.#compress();
  }

  /** Returns the whole part, which has at least one member. */
  finish(): Uint8Array {
    if (this.#pendingCharacters > 0 || this.#members.length === 0) this.#compress();
    return Buffer.concat(this.#members);
  }

  #compress(): void {
    const member = gzipSync(this.#pending.join(''));
    this.#members.push(member);
    this.#bytes += member.byteLength;
    this.#pending = [];
    this.#pendingCharacters = 0;
  }
}
