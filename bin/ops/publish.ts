import { randomInt } from 'node:crypto';
import { createEventBridgeBus } from '../../lambdas/relay/event-bus.ts';
import { systemClock } from '../../lambdas/shared/runtime/clock.ts';
import { createBusPublisher, createHttpPublisher, type Publisher } from '../../tools/document-publisher.ts';
import { type GeneratedDocument, generateDocuments } from '../../tools/generated-documents.ts';
import { createApiClient } from './api-client.ts';
import { parseWholeNumber } from './arguments.ts';
import { defineCommand } from './command.ts';
import type { Target } from './target.ts';
import { UsageError } from './usage-error.ts';

const DEFAULT_COUNT = 50;
const MAX_COUNT = 100_000;
const MAX_SEED = 2 ** 31;

export default defineCommand({
  options: {
    count: { type: 'string', value: 'n', help: `how many (${DEFAULT_COUNT})` },
    'bad-rate': { type: 'string', value: 'share', help: 'the share of them that is wrong, 0 to 1 (0)' },
    via: { type: 'string', value: 'way', help: 'http or bus (http)' },
    seed: { type: 'string', value: 'n', help: 'the same seed makes the same documents (a new one each time)' },
  },
  about:
    'Wrong ones are broken JSON, or lack fields, or do not add up, or have wrong types. By HTTP they are refused with\n' +
    '400; on the bus they end in the DLQ of order-documents, each with all of its faults. Only the UIDs of the right\n' +
    'ones are printed: npm run ops -- dlq list order-documents has the others.',
  examples: ['publish --count 50', 'publish --count 500 --bad-rate 0.3 --via bus', 'publish --count 3 --seed 7 --json'],
  run: async ({ values, target, print, signal }) => {
    const documents = generateDocuments({
      count: parseWholeNumber(values.count, '--count', DEFAULT_COUNT, MAX_COUNT),
      seed: parseWholeNumber(values.seed, '--seed', randomInt(1, MAX_SEED), MAX_SEED),
      badRate: parseShare(values['bad-rate']),
    });
    const publish = await createPublisher(values.via ?? 'http', target);
    const sent = await publish(documents, signal, (done) => print.progress('publishing', done, documents.length));
    print.progressDone();
    const right = sent.filter(({ defect }) => defect === undefined).map(({ order_uid }) => order_uid);
    const wrong = sent.flatMap(({ order_uid, defect: fault }) => (fault === undefined ? [] : [{ order_uid, fault }]));
    print.result({ published: right, wrong }, () => formatUids(right, sent));
    return undefined;
  },
});

export function formatUids(right: readonly string[], sent: readonly GeneratedDocument[]): string {
  const wrong = sent.length - right.length;
  return [
    '--- Published Order UIDs ---',
    ...right,
    '--------------------------',
    ...(wrong > 0 ? [`wrong on purpose besides: ${wrong}`] : []),
  ].join('\n');
}

async function createPublisher(via: string, target: Target): Promise<Publisher> {
  if (via === 'http') return createHttpPublisher(await createApiClient(target), systemClock);
  if (via === 'bus') return createBusPublisher(createEventBridgeBus(target.name()), systemClock);
  throw new UsageError(`--via takes http or bus, not "${via}".`);
}

function parseShare(text = '0'): number {
  const share = Number(text);
  if (text.trim() !== '' && share >= 0 && share <= 1) return share;
  throw new UsageError(`--bad-rate takes a share from 0 to 1, not "${text}".`);
}
