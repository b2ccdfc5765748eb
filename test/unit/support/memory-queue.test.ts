import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { expect, test } from 'vitest';
import type { Faults } from '../../support/faults.ts';
import { MemoryQueue, type QueueSettings } from '../../support/memory-queue.ts';
import { virtualClock } from '../../support/virtual-clock.ts';

const settings: QueueSettings = { visibilityMs: 90_000, maxReceives: 3, batchSize: 2, maxConcurrency: 8 };

function createQueue(
  consumer: (event: SQSEvent) => Promise<SQSBatchResponse>,
  faults: Pick<Faults, 'duplicateRate' | 'lostAckRate'> = {},
) {
  const clock = virtualClock(1);
  const queue = new MemoryQueue(clock, { ...settings, faults: () => faults, consumer });
  return { clock, queue, startMs: clock.now() };
}

const done: SQSBatchResponse = { batchItemFailures: [] };

test('a queue delivers batches of its size, and acknowledges them', async () => {
  const batches: string[][] = [];
  const { clock, queue } = createQueue(async ({ Records }) => {
    batches.push(Records.map(({ body }) => body));
    return done;
  });
  for (const body of ['a', 'b', 'c', 'd', 'e']) queue.send(body);
  await clock.runUntil(() => queue.isIdle);
  expect(batches).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
});

test('a queue delivers a batch again after the visibility timeout if the function fails, and then dead-letters it', async () => {
  const { clock, queue, startMs } = createQueue(() => Promise.reject(new Error('the function failed')));
  queue.send('a');
  await clock.runUntil(() => queue.isIdle);
  expect(queue.receives.map(({ timeMs }) => timeMs - startMs)).toEqual([0, 90_000, 180_000]);
  expect(queue.crashes).toHaveLength(3);
  // SQS itself dead-letters the message, so nobody has written a reason.
  expect(queue.dlq).toEqual([{ body: 'a' }]);
});

test('a queue has five batches in progress at first, and its maximum after a minute of backlog', async () => {
  let running = 0;
  let [firstPeak, laterPeak] = [0, 0];
  const { clock, queue, startMs } = createQueue(async () => {
    running += 1;
    if (clock.now() - startMs < 60_000) firstPeak = Math.max(firstPeak, running);
    else laterPeak = Math.max(laterPeak, running);
    await clock.sleep(10_000);
    running -= 1;
    return done;
  });
  for (let message = 0; message < 200; message++) queue.send(`m${message}`);
  await clock.runUntil(() => queue.isIdle);
  expect([firstPeak, laterPeak]).toEqual([5, 8]);
});

test('a queue delivers a share of its messages twice, the second time within a second', async () => {
  const { clock, queue, startMs } = createQueue(async () => done, { duplicateRate: 1 });
  queue.send('a', 5000);
  await clock.runUntil(() => queue.isIdle);
  const [first, second] = queue.receives.map(({ timeMs }) => timeMs - startMs);
  expect(first).toBe(5000);
  expect(second).toBeGreaterThan(5000);
  expect(second).toBeLessThanOrEqual(6000);
  expect(queue.receives.map(({ body }) => body)).toEqual(['a', 'a']);
});

test('a queue delivers a message again after a second if its acknowledgement is lost', async () => {
  const faults = { lostAckRate: 1 };
  let receives = 0;
  const { clock, queue, startMs } = createQueue(async () => {
    if (++receives === 2) faults.lostAckRate = 0;
    return done;
  }, faults);
  queue.send('a');
  await clock.runUntil(() => queue.isIdle);
  expect(queue.receives.map(({ timeMs }) => timeMs - startMs)).toEqual([0, 1000]);
  expect(queue.dlq).toEqual([]);
});

test('a queue refuses a message above the maximum size', () => {
  const { queue } = createQueue(async () => done);
  queue.send('é'.repeat(128 * 1024));
  expect(() => queue.send('é'.repeat(128 * 1024 + 1))).toThrow('the maximum is 262144');
});
