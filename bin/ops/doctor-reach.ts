import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import type { Check } from './check.ts';
import type { Target } from './target.ts';

/** The first version that runs this TypeScript without a build. Functions run on the same version. */
const MIN_NODE = 24;
/** AWS accepts signatures that are five minutes off. The limit is lower, because events are ordered by their times. */
const MAX_SKEW_MS = 30_000;

export const reachChecks: readonly Check[] = [
  {
    title: 'Node',
    remedy: () => `Start the command with npm run ops, which uses Node ${MIN_NODE}.`,
    run: async () => {
      const { node } = process.versions;
      const isSupported = Number(node.split('.')[0]) >= MIN_NODE;
      return { summary: node, problems: isSupported ? [] : [`${node} is older than ${MIN_NODE}`] };
    },
  },
  {
    title: 'Reachable',
    isRequired: true,
    // The check throws when it fails, so the remedy is the one of the error.
    remedy: () => '',
    run: async (target) => {
      const client = new DynamoDBClient({});
      await client.send(new ListTablesCommand({ Limit: 1 }));
      const region = await client.config.region();
      return { summary: target.endpoint ?? `AWS, ${region}`, problems: [] };
    },
  },
  {
    title: 'Clock',
    remedy: () => 'Synchronize the clock of this machine with a time server, for example: timedatectl set-ntp true',
    run: async (target) => {
      const startedMs = Date.now();
      const serverMs = await readServerTime(target);
      if (serverMs === undefined) return { summary: 'the server does not send its time', problems: [] };
      const skewMs = clockSkewMs(serverMs, startedMs, Date.now());
      const text = `${(skewMs / 1000).toFixed(0)} s apart`;
      return {
        summary: text,
        problems: skewMs > MAX_SKEW_MS ? [`this machine and ${target.endpoint ?? 'AWS'} are ${text}`] : [],
      };
    },
  },
];

/** Returns the difference of the clocks. The server read its clock during the request, and cut it to the second. */
export function clockSkewMs(serverMs: number, startedMs: number, endedMs: number): number {
  if (serverMs + 1000 < startedMs) return startedMs - (serverMs + 1000);
  return Math.max(0, serverMs - endedMs);
}

async function readServerTime(target: Target): Promise<number | undefined> {
  const client = new DynamoDBClient({});
  const url = target.endpoint ?? `https://dynamodb.${await client.config.region()}.amazonaws.com/`;
  const response = await fetch(url, { signal: AbortSignal.timeout(5000) });
  await response.body?.cancel();
  const serverMs = Date.parse(response.headers.get('date') ?? '');
  return Number.isNaN(serverMs) ? undefined : serverMs;
}
