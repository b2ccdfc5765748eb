import { type Key, keyOf, type Row, type Write } from './store.ts';

/** DynamoDB's own limits, checked before any adapter, so that memory refuses what the cloud would. */
const MAX_ITEMS = 100;
const MAX_TRANSACTION_BYTES = 4 * 1024 * 1024;
const MAX_ITEM_BYTES = 400 * 1024;
const MAX_DEPTH = 32;
const MAX_KEY_BYTES = { pk: 2048, sk: 1024 } as const;
/** An event must fit into an EventBridge entry and a parked one into an SQS message: 256 KB each, less the wrapping. */
const MAX_OUTBOX_BYTES = 200 * 1024;

type Measure = (text: string) => number;
/** No letter takes more bytes than three for each of its UTF-16 units: far below a limit nobody has to count. */
const upperBoundBytes: Measure = (text) => 3 * text.length;
const exactBytes: Measure = (text) => Buffer.byteLength(text);

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let deepest = 0;
  for (const inner of Object.values(value)) deepest = Math.max(deepest, depthOf(inner));
  return 1 + deepest;
}

type Fields = Readonly<Record<string, unknown>>;
const none: Fields = {};

/** How much a write says, and how deep. The item itself is no level of nesting. */
class WriteSize {
  bytes = 0;
  depth = 0;
  readonly #measure: Measure;

  constructor(write: Write, measure: Measure) {
    this.#measure = measure;
    this.#add(keyOf(write) as Key & Fields);
    if (write.op !== 'update') return;
    this.#add(write.set ?? none);
    this.#add(write.add ?? none);
  }

  /**
   * An estimate on the safe side: JSON's punctuation weighs more than DynamoDB's own. A text weighs what it weighs
   * there, without the escapes that JSON would need: an outbox record's events are JSON already.
   */
  #add(fields: Fields): void {
    for (const name of Object.keys(fields)) {
      const value = fields[name];
      this.bytes += this.#measure(name);
      if (typeof value === 'string') this.bytes += this.#measure(value);
      else if (typeof value === 'number') this.bytes += String(value).length;
      else {
        this.bytes += this.#measure(JSON.stringify(value) ?? '');
        this.depth = Math.max(this.depth, depthOf(value));
      }
    }
  }
}

const isOutboxRecord = (item: Row): boolean => item.sk.startsWith('OUTBOX#');

/** Throws, naming the fault, on what no engine could write. A bug in the caller, not a refusal of the domain. */
export function checkLimits(writes: readonly Write[]): void {
  if (writes.length > MAX_ITEMS) throw new Error(`a transaction of ${writes.length} items; ${MAX_ITEMS} is the most`);
  // one that is there already would speak for the others, which would then never be taken
  if (writes.filter((write) => write.op === 'put' && write.decides).length > 1)
    throw new Error('a transaction decides one thing; where several are decided at once, the plan reads their rows');
  const keys = new Map<string, string[]>();
  let total = 0;
  for (const write of writes) {
    const { pk, sk } = keyOf(write);
    const named = () => JSON.stringify([pk, sk]);
    const beside = keys.get(pk) ?? [];
    if (beside.includes(sk)) throw new Error(`${named()} is written twice in one transaction`);
    keys.set(pk, [...beside, sk]);
    for (const part of ['pk', 'sk'] as const)
      if (exactBytes(keyOf(write)[part]) > MAX_KEY_BYTES[part])
        throw new Error(`the ${part} of ${named()} is longer than ${MAX_KEY_BYTES[part]} bytes`);
    const bound = new WriteSize(write, upperBoundBytes);
    const { bytes, depth } = bound.bytes > MAX_OUTBOX_BYTES ? new WriteSize(write, exactBytes) : bound;
    total += bytes;
    if (bytes > MAX_ITEM_BYTES) throw new Error(`${named()} has ${bytes} bytes; ${MAX_ITEM_BYTES} is the most`);
    if (write.op === 'put' && isOutboxRecord(write.item) && bytes > MAX_OUTBOX_BYTES)
      throw new Error(`the outbox record ${named()} has ${bytes} bytes; ${MAX_OUTBOX_BYTES} is the most`);
    if (depth > MAX_DEPTH) throw new Error(`${named()} is nested deeper than ${MAX_DEPTH} levels`);
  }
  if (total <= MAX_TRANSACTION_BYTES) return;
  const whole = writes.reduce((sum, write) => sum + new WriteSize(write, exactBytes).bytes, 0);
  if (whole > MAX_TRANSACTION_BYTES)
    throw new Error(`a transaction of ${whole} bytes; ${MAX_TRANSACTION_BYTES} is the most`);
}
