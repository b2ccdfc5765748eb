import { createHash } from 'node:crypto';
import { OrderDocument, toSortableInstant } from '../../events/documents/order-document.ts';
import { type FieldError, InvalidInput } from '../shared/http/problem.ts';
import { MAX_BODY_BYTES, parseJsonBody, validate } from '../shared/http/request.ts';
import type { ParsedDocument } from './document.ts';

/**
 * A document travels as a text inside JSON, where each quote and backslash of it takes two bytes: 128 KB may become 256.
 * An outbox record takes 200 KB; 4 are for the envelope.
 */
const MAX_QUOTED_BYTES = 196 * 1024;
/** Two letters that JSON and UTF-8 have and SQS refuses. Escaped they mean the same, and they stand in strings only. */
const UNSUPPORTED_CHARACTERS = /[\ufffe\uffff]/g;

export const hashOfText = (text: string): string => createHash('sha256').update(text).digest('hex');

/** The same document as a text that passes every hop. */
export const escapeForSqs = (text: string): string =>
  text.replace(UNSUPPORTED_CHARACTERS, (letter) => `\\u${letter.charCodeAt(0).toString(16)}`);

/** Why a text cannot be carried by an event, if it cannot. */
export function textErrorOf(text: string): string | undefined {
  if (!text.isWellFormed()) return 'not well-formed text';
  if (Buffer.byteLength(text) > MAX_BODY_BYTES) return `larger than ${MAX_BODY_BYTES} bytes`;
  const quoted = Buffer.byteLength(JSON.stringify(text));
  return quoted > MAX_QUOTED_BYTES
    ? `of ${quoted} bytes once its quotes are escaped, and ${MAX_QUOTED_BYTES} is the most`
    : undefined;
}

/** Reads a text as a document, and says how it is kept. Throws `BadInput` with all of its faults. */
export function parseDocument(text: string): ParsedDocument {
  const kept = escapeForSqs(text);
  const unfit = textErrorOf(kept);
  if (unfit) throw new InvalidInput([{ path: 'document', message: unfit }]);
  const faults: FieldError[] = [];
  // as it was sent: behind a stray backslash an escape would make sense of what has none
  const document = validate(OrderDocument, parseJsonBody(text), faults);
  const instant = document && toSortableInstant(document.date_created);
  if (!document || instant === undefined) throw new InvalidInput(faults);
  return { order_uid: document.order_uid, document: kept, instant, hash: hashOfText(kept) };
}
