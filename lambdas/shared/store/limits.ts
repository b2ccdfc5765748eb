import { type Key, keyOfWrite, type Write } from './store.ts';

// DynamoDB's own limits. They are checked before any adapter, so that the memory adapter refuses what AWS would.
const MAX_ITEMS = 100;
const MAX_TRANSACTION_BYTES = 4 * 1024 * 1024;
const MAX_ITEM_BYTES = 400 * 1024;
const MAX_DEPTH = 32;
const MAX_KEY_BYTES = { pk: 2048, sk: 1024 } as const;
/**
 * An event must fit into an EventBridge entry, and a parked one into an SQS message: 256 KB each, less the envelope.
 */
const MAX_OUTBOX_BYTES = 200 * 1024;

type Measure = (text: string) => number;
/** Returns an upper bound: a UTF-16 unit takes at most three bytes. It is cheap, and enough far below a limit. */
const upperBoundBytes: Measure = (text) => 3 * text.length;
const exactBytes: Measure = (text) => Buffer.byteLength(text);

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let deepest = 0;
  for (const inner of Object.values(value)) deepest = Math.max(deepest, depthOf(inner));
  return 1 + deepest;
}

/**
 * Returns the size of a write and its nesting depth. The size is an estimate on the safe side, since JSON has more
 * punctuation than DynamoDB's format. Strings count without JSON escapes, because an outbox record holds JSON as text.
 */
function sizeOf(write: Write, measure: Measure): { bytes: number; depth: number } {
  const fields: Readonly<Record<string, unknown>> =
    write.op === 'update' ? { ...write.key, ...write.set } : { ...keyOfWrite(write) };
  let bytes = 0;
  let depth = 0;
  for (const [name, value] of Object.entries(fields)) {
    bytes += measure(name);
    if (typeof value === 'string') bytes += measure(value);
    else if (typeof value === 'number') bytes += String(value).length;
    else {
      bytes += measure(JSON.stringify(value) ?? '');
      depth = Math.max(depth, depthOf(value));
    }
  }
  return { bytes, depth };
}

/** Throws if no engine could execute these writes. Such a plan is a bug, not a rejection by the domain. */
export function checkLimits(writes: readonly Write[]): void {
  if (writes.length > MAX_ITEMS)
    throw new Error(`a transaction of ${writes.length} items; the maximum is ${MAX_ITEMS}`);
  // The first existing decision would end the commit, and the others would never be made.
  if (writes.filter((write) => write.op === 'put' && write.decides).length > 1)
    throw new Error('a transaction marks one decision at most; a plan with several reads their rows instead');
  checkKeys(writes);
  let total = 0;
  for (const write of writes) total += checkWrite(write);
  if (total <= MAX_TRANSACTION_BYTES) return;
  const bytes = writes.reduce((sum, write) => sum + sizeOf(write, exactBytes).bytes, 0);
  if (bytes > MAX_TRANSACTION_BYTES)
    throw new Error(`a transaction of ${bytes} bytes; the maximum is ${MAX_TRANSACTION_BYTES}`);
}

const describeKey = ({ pk, sk }: Key): string => JSON.stringify([pk, sk]);

function checkKeys(writes: readonly Write[]): void {
  const sortKeysOf = new Map<string, string[]>();
  for (const key of writes.map(keyOfWrite)) {
    const sortKeys = sortKeysOf.get(key.pk) ?? [];
    if (sortKeys.includes(key.sk)) throw new Error(`${describeKey(key)} is written twice in one transaction`);
    sortKeysOf.set(key.pk, [...sortKeys, key.sk]);
    for (const part of ['pk', 'sk'] as const)
      if (exactBytes(key[part]) > MAX_KEY_BYTES[part])
        throw new Error(`the ${part} of ${describeKey(key)} is longer than ${MAX_KEY_BYTES[part]} bytes`);
  }
}

/** Checks one write and returns its size, or an upper bound of it. */
function checkWrite(write: Write): number {
  const bound = sizeOf(write, upperBoundBytes);
  const { bytes, depth } = bound.bytes > MAX_OUTBOX_BYTES ? sizeOf(write, exactBytes) : bound;
  const name = describeKey(keyOfWrite(write));
  if (bytes > MAX_ITEM_BYTES) throw new Error(`${name} has ${bytes} bytes; the maximum is ${MAX_ITEM_BYTES}`);
  if (write.op === 'put' && write.row.sk.startsWith('OUTBOX#') && bytes > MAX_OUTBOX_BYTES)
    throw new Error(`the outbox record ${name} has ${bytes} bytes; the maximum is ${MAX_OUTBOX_BYTES}`);
  if (depth > MAX_DEPTH) throw new Error(`${name} is nested deeper than ${MAX_DEPTH} levels`);
  return bytes;
}
