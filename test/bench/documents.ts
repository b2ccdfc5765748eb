import { setTimeout as pause } from 'node:timers/promises';
import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { MEMORY_TTL_MS } from '../../lambdas/documents/find-document.ts';
import { createEventBridgeBus } from '../../lambdas/relay/event-bus.ts';
import { systemClock } from '../../lambdas/shared/runtime/clock.ts';
import { clientOptions, engineEnv } from '../../localstack/settings.ts';
import { createBusPublisher } from '../../tools/document-publisher.ts';
import { type GeneratedDocument, generateDocuments } from '../../tools/generated-documents.ts';
import type { ApiClient } from '../support/api-client.ts';
import type { EngineAccess } from '../support/engine-access.ts';
import { OpsCli } from '../support/ops-cli.ts';
import { poll } from '../support/poll.ts';
import { median, ms, percentile, type Row } from './figures.ts';

const WARM_UP = 20;
const SAMPLES = 80;
const BURST = 500;
const BAD_RATE = 0.3;
const CHECK_EVERY_MS = 200;

interface Target {
  readonly shop: ApiClient;
  readonly behind: EngineAccess;
  readonly endpoint: string;
  readonly stage: string;
}

/** Measures the time from the publication of a document until it is readable, and the latency of its readers. */
export async function documents(target: Target): Promise<Row[]> {
  Object.assign(process.env, engineEnv(target.endpoint));
  const { uids, rows } = await measurePublication(target);
  return [...rows, ...(await measureReads(target, uids)), ...(await measureIngestion(target))];
}

const percentiles = (samples: readonly number[]): string =>
  `p50 ${ms(median(samples))}, p95 ${ms(percentile(samples, 0.95))}`;

/** Measures the time from the POST to the first successful GET, one document after the other. */
async function measurePublication({ shop }: Target): Promise<{ uids: string[]; rows: Row[] }> {
  const samples: number[] = [];
  const uids: string[] = [];
  for (const { order_uid, text } of generateDocuments({ count: WARM_UP + SAMPLES, seed: 101 })) {
    const startedAt = performance.now();
    await shop.post('/orders', text);
    await poll(
      () => shop.get(`/api/order/${order_uid}`),
      ({ status }) => status === 200,
    );
    samples.push(performance.now() - startedAt);
    uids.push(order_uid);
  }
  const figure = percentiles(samples.slice(WARM_UP));
  return {
    uids: uids.slice(WARM_UP),
    rows: [{ what: 'order document, from its POST to the first successful GET', figure }],
  };
}

/** Measures a GET of each document without cache, from the cache and from memory: at the client and in the function. */
async function measureReads(target: Target, uids: readonly string[]): Promise<Row[]> {
  const { shop, endpoint, stage } = target;
  await new OpsCli(endpoint, stage).json('cache', 'clear');
  const rows: Row[] = [];
  const readAll = async (source: string, cacheStatus: 'hit' | 'miss') => {
    const sinceMs = Date.now();
    const samples: number[] = [];
    for (const uid of uids) {
      const startedAt = performance.now();
      const { status, headers } = await shop.get(`/api/order/${uid}`);
      samples.push(performance.now() - startedAt);
      if (status !== 200 || headers.get('x-cache') !== cacheStatus)
        throw new Error(`expected a cache ${cacheStatus} for ${uid}: status ${status}`);
    }
    const durations = await functionDurations(target, sinceMs, uids.length);
    rows.push({
      what: `GET of a document, ${source}`,
      figure: `${percentiles(samples)}; inside the function ${percentiles(durations)}`,
    });
  };
  await readAll('not in the cache', 'miss');
  await pause(MEMORY_TTL_MS);
  await readAll('in the cache', 'hit');
  await readAll('in memory', 'hit');
  return rows;
}

interface LogLine {
  readonly timestamp: string;
  readonly message: string;
  readonly ms?: number;
}

/** Reads the log lines of a function of this context. */
async function readLog({ endpoint, stage }: Target, functionName: string, sinceMs: number): Promise<LogLine[]> {
  const logs = new CloudWatchLogsClient(clientOptions(endpoint));
  const logGroupName = `/aws/lambda/oncebox-${stage}-documents-${functionName}`;
  const { events = [] } = await logs.send(new FilterLogEventsCommand({ logGroupName, startTime: sinceMs }));
  return events.flatMap(({ message = '' }) => (message.startsWith('{') ? [JSON.parse(message) as LogLine] : []));
}

/** Returns the durations that the API function has logged, once the lines of all calls have arrived. */
const functionDurations = (target: Target, sinceMs: number, callCount: number): Promise<number[]> =>
  poll(
    async () =>
      (await readLog(target, 'api', sinceMs)).flatMap(({ message, ms: durationMs }) =>
        message === 'call ended' ? [durationMs ?? 0] : [],
      ),
    (durations) => durations.length >= callCount,
  );

/** Publishes many documents on the bus at once, with and without invalid ones among them. Each set has its own UIDs. */
async function measureIngestion(target: Target): Promise<Row[]> {
  const isValid = ({ defect }: GeneratedDocument) => defect === undefined;
  const mixed = generateDocuments({ count: BURST, seed: 102, badRate: BAD_RATE });
  const alone = generateDocuments({ count: BURST, seed: 103, badRate: BAD_RATE }).filter(isValid);
  // The first error of a function loads the client for dead letters. This warm-up keeps that out of the figures.
  await timeUntilReadable(target, generateDocuments({ count: 30, seed: 105, badRate: 0.5 }));
  await target.behind.purge('order-documents-dlq');
  const validOnlyMs = await timeUntilReadable(target, generateDocuments({ count: BURST, seed: 104 }));
  const [aloneMs, mixedMs] = [await timeUntilReadable(target, alone), await timeUntilReadable(target, mixed)];
  const deadCount = await poll(
    () => target.behind.messageCount('order-documents-dlq'),
    (messageCount) => messageCount >= mixed.length - mixed.filter(isValid).length,
  );
  await target.behind.purge('order-documents-dlq');
  const seconds = (durationMs: number) => `${(durationMs / 1000).toFixed(1)} s`;
  return [
    {
      what: `${BURST} documents at once on the bus`,
      figure: `${((BURST * 1000) / validOnlyMs).toFixed(0)} documents/s from the bus into the cache`,
    },
    {
      what: `${BURST} documents, ${deadCount} of them invalid: last valid one cached`,
      figure: `${seconds(mixedMs)} (${seconds(aloneMs)} for the valid ones alone)`,
    },
  ];
}

/**
 * Publishes documents on the bus at once. Returns the time in ms until the last valid one is in the cache. It is taken
 * from the log of the consumer, because requests to the API would slow the consumer down.
 */
async function timeUntilReadable(target: Target, all: readonly GeneratedDocument[]): Promise<number> {
  const validUids = all.filter(({ defect }) => defect === undefined).map(({ order_uid }) => order_uid);
  const startedAt = Date.now();
  const publish = createBusPublisher(createEventBridgeBus(`oncebox-${target.stage}`), systemClock);
  await publish(all, new AbortController().signal, () => undefined);
  const times = await poll(
    async () => {
      await pause(CHECK_EVERY_MS);
      const messageCounts = await Promise.all(
        ['order-documents', 'order-found'].map((queue) => target.behind.messageCount(queue)),
      );
      return Math.max(...messageCounts) > 0 ? new Map<string, number>() : readCacheTimes(target, startedAt);
    },
    (cacheTimes) => validUids.every((uid) => cacheTimes.has(uid)),
  );
  return Math.max(...validUids.map((uid) => times.get(uid) ?? Number.NaN)) - startedAt;
}

/** Returns the time at which each document was written to the cache, by UID. */
async function readCacheTimes(target: Target, sinceMs: number): Promise<Map<string, number>> {
  const times = new Map<string, number>();
  for (const { message, timestamp } of await readLog(target, 'on-order-found', sinceMs)) {
    const [, uid] = /^CACHE UPDATED order_uid=(\S+)/.exec(message) ?? [];
    if (uid !== undefined) times.set(uid, Date.parse(timestamp));
  }
  return times;
}
