import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import type { Check } from './check.ts';
import type { Target } from './target.ts';

/** It runs TypeScript as it stands; functions run on the same. */
const NODE = 24;
/** A signature may be five minutes off, but the order of events is told by their times. */
const SKEW_MS = 30_000;

export const reachChecks: readonly Check[] = [
  {
    title: 'Node',
    remedy: () => `Call it by npm run ops, which brings Node ${NODE} along.`,
    run: async () => {
      const { node } = process.versions;
      const isNew = Number(node.split('.')[0]) >= NODE;
      return { summary: node, problems: isNew ? [] : [`${node} is older than ${NODE}`] };
    },
  },
  {
    title: 'Reachable',
    isRequired: true,
    remedy: () => 'See above.',
    run: async (target) => {
      const client = new DynamoDBClient({});
      await client.send(new ListTablesCommand({ Limit: 1 }));
      const region = await client.config.region();
      return { summary: target.endpoint ?? `AWS, ${region}`, problems: [] };
    },
  },
  {
    title: 'Clock',
    remedy: () => 'Set this machine by a time server: timedatectl set-ntp true, or its like.',
    run: async (target) => {
      const before = Date.now();
      const theirs = await timeAt(target);
      if (theirs === undefined) return { summary: 'the other side does not tell its time', problems: [] };
      const skew = skewOf(theirs, before, Date.now());
      const text = `${(skew / 1000).toFixed(0)} s apart`;
      return {
        summary: text,
        problems: skew > SKEW_MS ? [`this machine and ${target.endpoint ?? 'AWS'} are ${text}`] : [],
      };
    },
  },
];

/** The other clock was read somewhere between `before` and `after`, and cut to its second. */
export function skewOf(theirs: number, before: number, after: number): number {
  if (theirs + 1000 < before) return before - (theirs + 1000);
  return Math.max(0, theirs - after);
}

async function timeAt(target: Target): Promise<number | undefined> {
  const client = new DynamoDBClient({});
  const url = target.endpoint ?? `https://dynamodb.${await client.config.region()}.amazonaws.com/`;
  const answer = await fetch(url, { signal: AbortSignal.timeout(5000) });
  await answer.body?.cancel();
  const date = Date.parse(answer.headers.get('date') ?? '');
  return Number.isNaN(date) ? undefined : date;
}
