import { Sha256 } from '@aws-crypto/sha256-js';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { SignatureV4 } from '@smithy/signature-v4';
import { Trouble } from '../../localstack/trouble.ts';
import type { Target } from './target.ts';

const PATIENCE_MS = 15_000;

/** What the API answers to a GET at its own door: signed on AWS, where nothing is open. */
export async function askApi(target: Target, path: string): Promise<{ url: string; status: number; text: string }> {
  const client = new CloudFormationClient({});
  const url = new URL(`${await apiUrl(client, target)}${path}`);
  const headers = target.onAws ? await signed(client, url) : {};
  const answer = await fetch(url, { headers, signal: AbortSignal.timeout(PATIENCE_MS) });
  return { url: url.href, status: answer.status, text: await answer.text() };
}

/** An order, or what the API knows about it. */
export async function askOrder<T>(target: Target, id: string, about: '' | '/workflow'): Promise<T> {
  const { url, status, text } = await askApi(target, `/orders/${encodeURIComponent(id)}${about}`);
  if (status === 404) throw new Trouble(`There is no order ${id} in stage ${target.stage}.`, 'Its id has 26 letters.');
  return told(url, status, text, 'orders-api');
}

/** What a door answers, or the trouble with it and the function that knows why. */
export async function askFor<T>(target: Target, path: string, answeredBy: string): Promise<T> {
  const { url, status, text } = await askApi(target, path);
  return told(url, status, text, answeredBy);
}

function told<T>(url: string, status: number, text: string, answeredBy: string): T {
  if (status !== 200)
    throw new Trouble(`${url} answers ${status}: ${text}`, `npm run ops -- logs tail ${answeredBy} --since 5m`);
  return parseExactly(text) as T;
}

/** The library's types do not know them yet. */
const exactly = JSON as unknown as {
  parse(text: string, revive: (key: string, value: unknown, context: { source: string }) => unknown): unknown;
  rawJSON(digits: string): object;
};

/** An integer beyond 2^53 keeps its digits, and is written again as it was read. */
export const parseExactly = (text: string): unknown =>
  exactly.parse(text, (_key, value, { source }) =>
    typeof value === 'number' && Math.abs(value) > Number.MAX_SAFE_INTEGER ? exactly.rawJSON(source) : value,
  );

async function apiUrl(client: CloudFormationClient, target: Target): Promise<string> {
  const StackName = target.name('api');
  const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName }));
  const output = (key: string): string => {
    const value = Stacks[0]?.Outputs?.find(({ OutputKey }) => OutputKey === key)?.OutputValue;
    if (!value) throw new Trouble(`Stack ${StackName} has no output ${key}.`, 'Deploy it again.');
    return value;
  };
  // an engine's own address of the API may be one that no name server knows
  if (target.endpoint) return `${target.endpoint}/_aws/execute-api/${output('ApiId')}/${output('ApiStage')}`;
  return output('ApiUrl').replace(/\/$/, '');
}

async function signed({ config }: CloudFormationClient, url: URL): Promise<Record<string, string>> {
  const signer = new SignatureV4({
    service: 'execute-api',
    region: await config.region(),
    credentials: config.credentials,
    sha256: Sha256,
  });
  const { headers } = await signer.sign({
    method: 'GET',
    protocol: url.protocol,
    hostname: url.hostname,
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers: { host: url.host },
  });
  return headers;
}
