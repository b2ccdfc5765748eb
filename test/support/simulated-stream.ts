import { marshall } from '@aws-sdk/util-dynamodb';
import type { AttributeValue, DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda';
import { marshallOptions } from '../../lambdas/shared/store/dynamo-store.ts';
import type { Key, Row } from '../../lambdas/shared/store/store.ts';
import { matchesPattern } from './event-pattern.ts';
import type { RowChange } from './memory-store.ts';
import type { VirtualClock } from './virtual-clock.ts';

interface StreamOptions {
  readonly clock: VirtualClock;
  /** The event source mapping: the records that it passes on, and how many of them at once. */
  readonly filter: unknown;
  readonly batchSize: number;
  readonly handle: (event: DynamoDBStreamEvent) => Promise<void>;
}

const FIRST_RETRY_MS = 1000;
const MAX_RETRY_MS = 60_000;

/**
 * The stream of a table, with one shard, and the mapping that invokes a function with its records. The records of a
 * batch are delivered until the function succeeds, and the next batch waits until then.
 */
export class SimulatedStream {
  /** The errors of the function. Each has repeated a batch. */
  readonly failures: unknown[] = [];
  readonly #options: StreamOptions;
  readonly #records: DynamoDBRecord[] = [];
  #isReading = false;
  #count = 0;

  constructor(options: StreamOptions) {
    this.#options = options;
  }

  get isIdle(): boolean {
    return this.#records.length === 0 && !this.#isReading;
  }

  add(change: RowChange): void {
    const { clock, filter } = this.#options;
    const record = createRecord(change, this.#count++, clock.now());
    // The mapping discards a record that does not match, and the function never sees it.
    if (!matchesPattern(filter, record)) return;
    this.#records.push(record);
    clock.at(clock.now(), () => void this.#read());
  }

  async #read(): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    const { batchSize } = this.#options;
    while (this.#records.length > 0) {
      const batch = this.#records.slice(0, batchSize);
      await this.#deliver(batch);
      this.#records.splice(0, batch.length);
    }
    this.#isReading = false;
  }

  async #deliver(batch: DynamoDBRecord[]): Promise<void> {
    const { clock, handle } = this.#options;
    for (let retryMs = FIRST_RETRY_MS; ; retryMs = Math.min(2 * retryMs, MAX_RETRY_MS)) {
      try {
        return await handle({ Records: batch });
      } catch (error) {
        this.failures.push(error);
        await clock.sleep(retryMs);
      }
    }
  }
}

type AttributeMap = Record<string, AttributeValue>;

const keyImage = ({ pk, sk }: Key): AttributeMap => ({ pk: { S: pk }, sk: { S: sk } });
/** Lambda delivers records as JSON. */
const imageOf = (row: Row): AttributeMap => JSON.parse(JSON.stringify(marshall(row, marshallOptions))) as AttributeMap;

function createRecord({ eventName, key, row }: RowChange, index: number, nowMs: number): DynamoDBRecord {
  const SequenceNumber = String(index);
  return {
    eventID: SequenceNumber,
    eventName,
    eventVersion: '1.1',
    eventSource: 'aws:dynamodb',
    awsRegion: 'us-east-1',
    dynamodb: {
      ApproximateCreationDateTime: Math.floor(nowMs / 1000),
      Keys: keyImage(key),
      SequenceNumber,
      StreamViewType: 'NEW_IMAGE',
      // A getter, because most records do not match the filter, and a deletion has no new image.
      get NewImage() {
        return row && imageOf(row);
      },
    },
  };
}
