import { createHash } from 'node:crypto';
import { OrderDocument, toSortableInstant } from '../../events/documents/order-document.ts';
import { type FieldError, InvalidInput } from '../shared/http/problem.ts';
import { MAX_BODY_BYTES, parseJsonBody, validate } from '../shared/http/request.ts';
import type { ParsedDocument } from './document.ts';

/**
 * An event contains the document as a JSON string, in which each quote and each backslash takes two bytes: 128 KB may
 * become 256 KB. An outbox record takes 200 KB, of which 4 KB are for the envelope.
 */
const MAX_QUOTED_BYTES = 196 * 1024;
/** The two characters that JSON and UTF-8 allow and SQS refuses. In valid JSON they occur only inside strings. */
const UNSUPPORTED_CHARACTERS = /[\ufffe\uffff]/g;

export const hashOfText = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Escapes the characters that SQS refuses. The JSON keeps its meaning. */
export const escapeForSqs = (text: string): string =>
  text.replace(UNSUPPORTED_CHARACTERS, (character) => `\\u${character.charCodeAt(0).toString(16)}`);

/** Returns why an event cannot contain the text, or nothing if it can. */
export function findTextError(text: string): string | undefined {
  if (!text.isWellFormed()) return 'must be well-formed Unicode';
  if (Buffer.byteLength(text) > MAX_BODY_BYTES) return `larger than ${MAX_BODY_BYTES} bytes`;
  const quotedBytes = Buffer.byteLength(JSON.stringify(text));
  return quotedBytes > MAX_QUOTED_BYTES
    ? `too large with its quotes escaped: ${quotedBytes} bytes, and the limit is ${MAX_QUOTED_BYTES} bytes`
    : undefined;
}

/** Parses the text of an order document. Throws `InvalidInput` with all of its errors. */
export function parseDocument(text: string): ParsedDocument {
  const escaped = escapeForSqs(text);
  const textError = findTextError(escaped);
  if (textError !== undefined) throw new InvalidInput([{ path: 'document', message: textError }]);
  const errors: FieldError[] = [];
  // The original text is validated. After a stray backslash, the escaping would turn invalid JSON into valid JSON.
  const document = validate(OrderDocument, parseJsonBody(text), errors);
  const instant = document && toSortableInstant(document.date_created);
  if (!document || instant === undefined) throw new InvalidInput(errors);
  return { order_uid: document.order_uid, document: escaped, instant, hash: hashOfText(escaped) };
}
