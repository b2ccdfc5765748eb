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
    count: { type: 'string', valueName: 'n', help: `how many documents (default: ${DEFAULT_COUNT})` },
    'bad-rate': {
      type: 'string',
      valueName: 'share',
      help: 'the share of invalid documents, from 0 to 1 (default: 0)',
    },
    via: { type: 'string', valueName: 'channel', help: 'http or bus (default: http)' },
    seed: { type: 'string', valueName: 'n', help: 'the same seed always creates the same documents (default: random)' },
  },
  details:
    'The invalid documents have malformed JSON, a missing field, a wrong sum or a wrong type. Over HTTP they are\n' +
    'rejected with 400. On the bus, they end in the DLQ of order-documents, each with all of its errors as the\n' +
    'reason; dlq list order-documents shows them. Only the UIDs of valid documents are printed.',
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
    const published = sent.filter(({ defect }) => defect === undefined).map(({ order_uid }) => order_uid);
    const invalid = sent.flatMap(({ order_uid, defect }) => (defect === undefined ? [] : [{ order_uid, defect }]));
    print.result({ published, invalid }, () => formatUids(published, sent));
  },
});

export function formatUids(published: readonly string[], sent: readonly GeneratedDocument[]): string {
  const invalidCount = sent.length - published.length;
  return [
    '--- Published Order UIDs ---',
    ...published,
    '--------------------------',
    ...(invalidCount > 0 ? [`invalid documents sent in addition: ${invalidCount}`] : []),
  ].join('\n');
}

async function createPublisher(via: string, target: Target): Promise<Publisher> {
  if (via === 'http') return createHttpPublisher(await createApiClient(target), systemClock);
  if (via === 'bus') return createBusPublisher(createEventBridgeBus(target.name()), systemClock);
  throw new UsageError(`--via requires http or bus, not "${via}".`);
}

function parseShare(text = '0'): number {
  const share = Number(text);
  if (text.trim() !== '' && share >= 0 && share <= 1) return share;
  throw new UsageError(`--bad-rate requires a share from 0 to 1, not "${text}".`);
}
