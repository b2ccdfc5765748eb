import type { ObjectStore, SignLink } from '../../lambdas/reports/object-store.ts';
import type { Scanner } from '../../lambdas/shared/store/scanner.ts';
import { duringInvocation } from './invocation.ts';
import { createMemoryScanner } from './memory-scanner.ts';
import type { MemoryStore } from './memory-store.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** Slow enough that some thousands of rows take several parts and more than one run. */
const PAGE_MS = 600;
const OBJECT_MS = 50;
/** The rows of one page. DynamoDB reads 1 MB for it. */
const PAGE_ROWS = 50;

/** A call takes time, and its result is lost if the invocation that made it has ended. */
const callOf =
  (clock: VirtualClock, ms: number) =>
  <T>(call: () => Promise<T>): Promise<T> =>
    duringInvocation(async () => {
      await clock.sleep(ms);
      return call();
    });

/** Reads a simulated table by pages, as a handler does. */
export function createSimulatedScanner(rows: MemoryStore, clock: VirtualClock, pageMs = PAGE_MS): Scanner {
  const call = callOf(clock, pageMs);
  const scannerOf = (scanner: Scanner): Scanner => ({
    scan: (request) => call(() => scanner.scan(request)),
    withDeadline: (deadlineMs) => scannerOf(scanner.withDeadline(deadlineMs)),
  });
  return scannerOf(createMemoryScanner(rows, { now: clock.now, pageSize: PAGE_ROWS }));
}

/** Returns a bucket whose calls take time and may be lost, as a handler uses it. */
export function createSimulatedObjects(bucket: ObjectStore, clock: VirtualClock): ObjectStore {
  const call = callOf(clock, OBJECT_MS);
  const storeOf = (objects: ObjectStore): ObjectStore => ({
    put: (key, body) => call(() => objects.put(key, body)),
    get: (key) => call(() => objects.get(key)),
    startUpload: (key) => call(() => objects.startUpload(key)),
    uploadPart: (upload, number, body) => call(() => objects.uploadPart(upload, number, body)),
    completeUpload: (upload, tags) => call(() => objects.completeUpload(upload, tags)),
    withDeadline: (deadlineMs) => storeOf(objects.withDeadline(deadlineMs)),
  });
  return storeOf(bucket);
}

/** Returns a link that only shows what it is for. */
export const signMemoryLink: SignLink = async (key, fileName, seconds) =>
  `memory://${key}?name=${fileName}&expires=${seconds}`;
