import './quiet.ts';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ReportRunRequested } from '../../events/reports/report-run-requested.ts';
import type { ObjectStore } from '../../lambdas/reports/object-store.ts';
import { reportStore } from '../../lambdas/reports/report-store.ts';
import { type RunPorts, runLimits } from '../../lambdas/reports/run.ts';
import { runReport } from '../../lambdas/reports/run-report.ts';
import type { Source } from '../../lambdas/reports/source.ts';
import { createRandomId } from '../../lambdas/shared/runtime/ids.ts';
import { createMemoryStore } from '../support/memory-store.ts';

/** DynamoDB reads up to 1 MB for a page, which are about a thousand orders, and four segments at the same time. */
const ROWS_PER_PAGE = 4000;
const PAGE_MS = 200;
const MB = 2 ** 20;

/** Creates orders page by page, so that the measured memory is that of the worker and not that of a table. */
const generatedOrders = (count: number): Source => ({
  read: async (position) => {
    const first = Number(position ?? 0);
    const length = Math.min(ROWS_PER_PAGE, count - first);
    const records = Array.from({ length }, (_, index) => {
      const created_at = new Date(1_767_225_600_000 + (first + index) * 1000).toISOString();
      const description = `order ${first + index} of the bench, "with" quotes`;
      const [order_id, user_id] = [createRandomId(), `user-${(first + index) % 5000}`];
      return { order_id, user_id, amount: 1 + ((first + index) % 9973), status: 'FINISHED', description, created_at };
    });
    const next = first + length;
    return { records, ...(next < count ? { next: String(next) } : {}) };
  },
});

/** Keeps the parts, which the worker reads again, and only counts what is uploaded. They are outside of the heap. */
function countingBucket(onUpload: () => void) {
  const parts = new Map<string, Uint8Array>();
  let fileBytes = 0;
  const bucket: ObjectStore = {
    withDeadline: () => bucket,
    put: async (key, body) => {
      if (key.startsWith('parts/')) parts.set(key, body);
      else fileBytes += body.byteLength;
    },
    get: async (key) => parts.get(key) ?? new Uint8Array(),
    startUpload: async () => 'upload',
    uploadPart: async (_upload, number, body) => {
      onUpload();
      fileBytes += body.byteLength;
      return `tag-${number}`;
    },
    completeUpload: async () => true,
  };
  const partBytes = () => [...parts.values()].reduce((sum, body) => sum + body.byteLength, 0);
  return { bucket, fileBytes: () => fileBytes, partBytes };
}

/** With `live`, garbage is collected before each measurement, so that only what the worker keeps is measured. */
const isLive = process.argv[3] === 'live';

/** The memory that the worker uses. The kept parts stand for S3 and are subtracted. */
const usedMemory = (stored: number) => {
  const { heapUsed, rss, arrayBuffers, external } = process.memoryUsage();
  return { heap: heapUsed / MB, buffers: (Math.max(arrayBuffers, external) - stored) / MB, rss: (rss - stored) / MB };
};

/** Writes a report of so many orders, and prints its memory in MB before, at most and after. */
async function measure(count: number): Promise<void> {
  let now = Date.parse('2026-01-01T00:00:00Z');
  const clock = { now: () => now, sleep: async () => undefined, random: () => 0.5 };
  const table = createMemoryStore({ now: clock.now });
  const { bucket, fileBytes, partBytes } = countingBucket(() => sample());
  const source = generatedOrders(count);
  const peak = { heap: 0, buffers: 0, rss: 0 };
  const sample = () => {
    if (isLive) globalThis.gc?.();
    const used = usedMemory(partBytes());
    for (const name of ['heap', 'buffers', 'rss'] as const) peak[name] = Math.max(peak[name], used[name]);
  };
  const sampled: Source = {
    read: async (...args) => {
      now += PAGE_MS;
      const page = await source.read(...args);
      sample();
      return page;
    },
  };
  const reports = () => reportStore({ store: table, clock, deadlineMs: now + 30_000 });
  const ports = (): RunPorts => ({
    reports: reports(),
    objects: bucket,
    sourceOf: () => sampled,
    clock,
    limits: runLimits,
  });
  const id = createRandomId();
  const [from, to] = [new Date(now - 86_400_000).toISOString(), new Date(now).toISOString()];
  await reports().request({
    request: { kind: 'orders', from, to, format: 'csv' },
    identity: { id, body_hash: 'hash', hasKey: false },
    correlationId: 'bench',
  });
  const cause = { time: to, correlation_id: id, causation_id: 'bench' };
  globalThis.gc?.();
  const before = usedMemory(0);
  const startedMs = performance.now();
  for (let run = 1; ; run++) {
    const event = ReportRunRequested.make({ report_id: id, run }, cause);
    const context = {
      deadlineMs: now + 30_000,
      createReceipt: () => ({}),
      messageIdOf: () => '-',
      receiveCountOf: () => 1,
    };
    await runReport(ports(), event, context);
    sample();
    if ((await reports().get(id)).status === 'finished') break;
  }
  const seconds = (performance.now() - startedMs) / 1000;
  await nextTurn();
  globalThis.gc?.();
  const after = usedMemory(partBytes());
  const { rows, parts, run } = await reports().get(id);
  console.log(JSON.stringify({ rows, parts, runs: run, seconds, fileMb: fileBytes() / MB, before, peak, after }));
}

await measure(Number(process.argv[2]));
