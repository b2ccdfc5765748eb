import type { DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda';
import { expect, test } from 'vitest';
import { newOutboxRecords } from '../../../lib/limits.ts';
import { createMemoryStore } from '../../support/memory-store.ts';
import { SimulatedStream } from '../../support/simulated-stream.ts';
import { virtualClock } from '../../support/virtual-clock.ts';

function createStream(handle: (event: DynamoDBStreamEvent) => Promise<void>) {
  const clock = virtualClock(1);
  const stream = new SimulatedStream({ clock, filter: newOutboxRecords, batchSize: 3, handle });
  const table = createMemoryStore({ now: clock.now, onChange: (change) => stream.add(change) });
  const put = (sk: string, fields: Record<string, unknown> = {}) =>
    table.write([{ op: 'put', row: { pk: 'P', sk, ...fields } }], 'token');
  const readAll = () => clock.runUntil(() => stream.isIdle);
  return { clock, stream, put, readAll };
}

const sortKeys = ({ Records }: DynamoDBStreamEvent) => Records.map(({ dynamodb }) => dynamodb?.Keys?.['sk']?.S);

test('a stream delivers the new image of a record in the JSON format of DynamoDB', async () => {
  const received: DynamoDBRecord[] = [];
  const { put, readAll } = createStream(async ({ Records }) => void received.push(...Records));
  await put('OUTBOX#1', { text: 'é', count: 1, list: [true, null], map: { dropped: undefined } });
  await readAll();
  expect(received).toMatchObject([
    {
      eventName: 'INSERT',
      eventSource: 'aws:dynamodb',
      dynamodb: {
        Keys: { pk: { S: 'P' }, sk: { S: 'OUTBOX#1' } },
        NewImage: {
          pk: { S: 'P' },
          sk: { S: 'OUTBOX#1' },
          text: { S: 'é' },
          count: { N: '1' },
          list: { L: [{ BOOL: true }, { NULL: true }] },
          map: { M: {} },
        },
        StreamViewType: 'NEW_IMAGE',
      },
    },
  ]);
});

test('a stream delivers batches in order, one after the other, without the records that its filter excludes', async () => {
  const batches: unknown[] = [];
  let running = 0;
  const { put, readAll, clock } = createStream(async (event) => {
    expect(++running).toBe(1);
    batches.push(sortKeys(event));
    await clock.sleep(10);
    running -= 1;
  });
  for (const sk of ['OUTBOX#1', 'STATE', 'OUTBOX#2', 'OUTBOX#3', 'OUTBOX#4']) await put(sk);
  await put('OUTBOX#1', { changed: true });
  await readAll();
  expect(batches).toEqual([['OUTBOX#1', 'OUTBOX#2', 'OUTBOX#3'], ['OUTBOX#4']]);
});

test('a stream repeats the same batch after growing pauses until the function succeeds, and keeps the errors', async () => {
  const calls: { keys: unknown; timeMs: number }[] = [];
  const { put, readAll, clock, stream } = createStream(async (event) => {
    calls.push({ keys: sortKeys(event), timeMs: clock.now() });
    if (calls.length < 4) throw new Error(`failure ${calls.length}`);
  });
  await put('OUTBOX#1');
  await put('OUTBOX#2');
  await clock.runUntil(() => calls.length === 1);
  await put('OUTBOX#3');
  await readAll();
  const both = ['OUTBOX#1', 'OUTBOX#2'];
  expect(calls.map(({ keys }) => keys)).toEqual([both, both, both, both, ['OUTBOX#3']]);
  const pauses = calls.slice(1, 4).map(({ timeMs }, index) => timeMs - Number(calls[index]?.timeMs));
  expect(pauses).toEqual([1000, 2000, 4000]);
  expect(stream.failures).toHaveLength(3);
});
