import { type Item, keyOf, type Write } from './store.ts';

/** DynamoDB's own limits, checked before any adapter, so that memory refuses what the cloud would. */
const MAX_ITEMS = 100;
const MAX_TRANSACTION_BYTES = 4 * 1024 * 1024;
const MAX_ITEM_BYTES = 400 * 1024;
const MAX_DEPTH = 32;
/** An event must fit into an EventBridge entry and a parked one into an SQS message: 256 KB each, less the wrapping. */
const MAX_OUTBOX_BYTES = 200 * 1024;

/**
 * An estimate on the safe side: JSON's punctuation weighs more than DynamoDB's own. A text weighs what it weighs there,
 * without the escapes that JSON would need: an outbox record's events are JSON already.
 */
function bytesOf(body: object): number {
  let sum = 0;
  for (const [name, value] of Object.entries(body)) {
    const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
    sum += Buffer.byteLength(name) + Buffer.byteLength(text);
  }
  return sum;
}

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let deepest = 0;
  for (const inner of Object.values(value)) deepest = Math.max(deepest, depthOf(inner));
  return 1 + deepest;
}

const bodyOf = (write: Write): object =>
  write.op === 'put' ? write.item : write.op === 'update' ? { ...write.key, ...write.set, ...write.add } : write.key;

const isOutbox = (item: Item): boolean => item.sk.startsWith('OUTBOX#');

/** Throws, naming the fault, on what no engine could write. A bug in the caller, not a refusal of the domain. */
export function checkLimits(writes: readonly Write[]): void {
  if (writes.length > MAX_ITEMS) throw new Error(`a transaction of ${writes.length} items; ${MAX_ITEMS} is the most`);
  // one that is there already would speak for the others, which would then never be taken
  if (writes.filter((write) => write.op === 'put' && write.decides).length > 1)
    throw new Error('a transaction decides one thing; where several are decided at once, the plan reads their rows');
  const keys = new Set<string>();
  let total = 0;
  for (const write of writes) {
    const { pk, sk } = keyOf(write);
    const name = JSON.stringify([pk, sk]);
    if (keys.has(name)) throw new Error(`${name} is written twice in one transaction`);
    keys.add(name);
    const body = bodyOf(write);
    const bytes = bytesOf(body);
    total += bytes;
    if (bytes > MAX_ITEM_BYTES) throw new Error(`${name} has ${bytes} bytes; ${MAX_ITEM_BYTES} is the most`);
    if (write.op === 'put' && isOutbox(write.item) && bytes > MAX_OUTBOX_BYTES)
      throw new Error(`the outbox record ${name} has ${bytes} bytes; ${MAX_OUTBOX_BYTES} is the most`);
    // the item itself is no level of nesting
    if (depthOf(body) - 1 > MAX_DEPTH) throw new Error(`${name} is nested deeper than ${MAX_DEPTH} levels`);
  }
  if (total > MAX_TRANSACTION_BYTES)
    throw new Error(`a transaction of ${total} bytes; ${MAX_TRANSACTION_BYTES} is the most`);
}
