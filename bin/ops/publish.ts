import { randomInt } from 'node:crypto';
import { systemClock } from '../../lambdas/shared/clock.ts';
import { eventBridgeBus } from '../../lambdas/shared/relay-ports.ts';
import { apiDoor } from './api-door.ts';
import { wholeNumber } from './arguments.ts';
import { command } from './command.ts';
import { type MadeUp, madeUpDocuments } from './made-up-documents.ts';
import { byBus, byHttp, type Publisher } from './publisher.ts';
import type { Target } from './target.ts';
import { UsageError } from './usage-error.ts';

const DEFAULT_COUNT = 50;
const MAX_COUNT = 100_000;
const MAX_SEED = 2 ** 31;

export default command({
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
    const documents = madeUpDocuments({
      count: wholeNumber(values.count, '--count', DEFAULT_COUNT, MAX_COUNT),
      seed: wholeNumber(values.seed, '--seed', randomInt(1, MAX_SEED), MAX_SEED),
      badRate: shareOf(values['bad-rate']),
    });
    const publish = await publisherVia(values.via ?? 'http', target);
    const sent = await publish(documents, signal, (done) => print.progress('publishing', done, documents.length));
    print.progressDone();
    const right = sent.filter(({ wrong }) => wrong === undefined).map(({ order_uid }) => order_uid);
    const wrong = sent.flatMap(({ order_uid, wrong: fault }) => (fault === undefined ? [] : [{ order_uid, fault }]));
    print.either({ published: right, wrong }, () => inWords(right, sent));
    return undefined;
  },
});

export function inWords(right: readonly string[], sent: readonly MadeUp[]): string {
  const wrong = sent.length - right.length;
  return [
    '--- Published Order UIDs ---',
    ...right,
    '--------------------------',
    ...(wrong > 0 ? [`wrong on purpose besides: ${wrong}`] : []),
  ].join('\n');
}

async function publisherVia(via: string, target: Target): Promise<Publisher> {
  if (via === 'http') return byHttp(await apiDoor(target), systemClock);
  if (via === 'bus') return byBus(eventBridgeBus(target.name()), systemClock);
  throw new UsageError(`--via takes http or bus, not "${via}".`);
}

function shareOf(text = '0'): number {
  const share = Number(text);
  if (text.trim() !== '' && share >= 0 && share <= 1) return share;
  throw new UsageError(`--bad-rate takes a share from 0 to 1, not "${text}".`);
}
