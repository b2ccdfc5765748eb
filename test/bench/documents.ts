import { setTimeout as pause } from 'node:timers/promises';
import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { MEMORY_TTL_MS } from '../../lambdas/documents/document-memory.ts';
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
const MANY = 500;
const BAD_RATE = 0.3;
const LOOK_EVERY_MS = 200;

interface At {
  readonly shop: ApiClient;
  readonly behind: EngineAccess;
  readonly endpoint: string;
  readonly stage: string;
}

/** How long a document takes from its publication to its reader, and how long the reader waits. */
export async function documents(at: At): Promise<Row[]> {
  Object.assign(process.env, engineEnv(at.endpoint));
  const { uids, rows } = await publishToReadable(at);
  return [...rows, ...(await reading(at, uids)), ...(await ingesting(at))];
}

const both = (samples: readonly number[]): string => `p50 ${ms(median(samples))}, p95 ${ms(percentile(samples, 0.95))}`;

/** One after the other: from the POST to the first GET that has it. */
async function publishToReadable({ shop }: At): Promise<{ uids: string[]; rows: Row[] }> {
  const samples: number[] = [];
  const uids: string[] = [];
  for (const { order_uid, text } of generateDocuments({ count: WARM_UP + SAMPLES, seed: 101 })) {
    const started = performance.now();
    await shop.post('/orders', text);
    await poll(
      () => shop.get(`/api/order/${order_uid}`),
      ({ status }) => status === 200,
    );
    samples.push(performance.now() - started);
    uids.push(order_uid);
  }
  const figure = both(samples.slice(WARM_UP));
  return { uids: uids.slice(WARM_UP), rows: [{ what: 'order document, from its POST until it is read', figure }] };
}

/** Each document once by each way: through the gateway, and as the function itself counts. */
async function reading(at: At, uids: readonly string[]): Promise<Row[]> {
  const { shop, endpoint, stage } = at;
  await new OpsCli(endpoint, stage).json('cache', 'clear');
  const rows: Row[] = [];
  const readAll = async (what: string, cache: 'hit' | 'miss') => {
    const since = Date.now();
    const samples: number[] = [];
    for (const uid of uids) {
      const started = performance.now();
      const { status, headers } = await shop.get(`/api/order/${uid}`);
      samples.push(performance.now() - started);
      if (status !== 200 || headers.get('x-cache') !== cache) throw new Error(`${uid}: ${status}, no ${cache}`);
    }
    const inside = await insideFunction(at, since, uids.length);
    rows.push({ what: `GET of a document, ${what}`, figure: `${both(samples)}; inside the function ${both(inside)}` });
  };
  await readAll('not in the cache', 'miss');
  await pause(MEMORY_TTL_MS);
  await readAll('in the cache', 'hit');
  await readAll('in memory', 'hit');
  return rows;
}

interface Line {
  readonly timestamp: string;
  readonly message: string;
  readonly ms?: number;
}

/** What a function of documents has logged since then. */
async function linesOf({ endpoint, stage }: At, name: string, since: number): Promise<Line[]> {
  const logs = new CloudWatchLogsClient(clientOptions(endpoint));
  const logGroupName = `/aws/lambda/oncebox-${stage}-documents-${name}`;
  const { events = [] } = await logs.send(new FilterLogEventsCommand({ logGroupName, startTime: since }));
  return events.flatMap(({ message = '' }) => (message.startsWith('{') ? [JSON.parse(message) as Line] : []));
}

/** As each call's closing line says, once all of the lines are there. */
const insideFunction = (at: At, since: number, calls: number): Promise<number[]> =>
  poll(
    async () =>
      (await linesOf(at, 'api', since)).flatMap(({ message, ms: took }) =>
        message === 'call ended' ? [took ?? 0] : [],
      ),
    (found) => found.length >= calls,
  );

/** All at once onto the bus; then the right ones again, under other UIDs and with no wrong ones among them. */
async function ingesting(at: At): Promise<Row[]> {
  const isRight = ({ defect }: GeneratedDocument) => defect === undefined;
  const mixed = generateDocuments({ count: MANY, seed: 102, badRate: BAD_RATE });
  const alone = generateDocuments({ count: MANY, seed: 103, badRate: BAD_RATE }).filter(isRight);
  // what only the first trouble costs, a client that is loaded then, is no part of it
  await readableAfter(at, generateDocuments({ count: 30, seed: 105, badRate: 0.5 }));
  await at.behind.purge('order-documents-dlq');
  const plain = await readableAfter(at, generateDocuments({ count: MANY, seed: 104 }));
  const [without, among] = [await readableAfter(at, alone), await readableAfter(at, mixed)];
  const dead = await poll(
    () => at.behind.messageCount('order-documents-dlq'),
    (waiting) => waiting >= mixed.length - mixed.filter(isRight).length,
  );
  await at.behind.purge('order-documents-dlq');
  const seconds = (value: number) => `${(value / 1000).toFixed(1)} s`;
  return [
    {
      what: `${MANY} documents at once onto the bus`,
      figure: `${((MANY * 1000) / plain).toFixed(0)} documents/s from the bus into the cache`,
    },
    {
      what: `the same with ${dead} wrong ones among them`,
      figure: `the last right one after ${seconds(among)}, and ${seconds(without)} where as many come without wrong ones`,
    },
  ];
}

/** Until the last of the right ones is in the cache, in ms, as the consumer's own log says: a look would slow it down. */
async function readableAfter(at: At, all: readonly GeneratedDocument[]): Promise<number> {
  const right = all.filter(({ defect }) => defect === undefined).map(({ order_uid }) => order_uid);
  const started = Date.now();
  const publish = createBusPublisher(createEventBridgeBus(`oncebox-${at.stage}`), systemClock);
  await publish(all, new AbortController().signal, () => undefined);
  const times = await poll(
    async () => {
      await pause(LOOK_EVERY_MS);
      const waiting = await Promise.all(
        ['order-documents', 'order-found'].map((queue) => at.behind.messageCount(queue)),
      );
      return Math.max(...waiting) > 0 ? new Map<string, number>() : cachedAt(at, started);
    },
    (found) => right.every((uid) => found.has(uid)),
  );
  return Math.max(...right.map((uid) => times.get(uid) ?? Number.NaN)) - started;
}

async function cachedAt(at: At, since: number): Promise<Map<string, number>> {
  const times = new Map<string, number>();
  for (const { message, timestamp } of await linesOf(at, 'on-order-found', since)) {
    const [, uid] = /^CACHE UPDATED order_uid=(\S+)/.exec(message) ?? [];
    if (uid !== undefined) times.set(uid, Date.parse(timestamp));
  }
  return times;
}
