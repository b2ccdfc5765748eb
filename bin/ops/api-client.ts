import { Sha256 } from '@aws-crypto/sha256-js';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { SignatureV4 } from '@smithy/signature-v4';
import type { ApiReply } from '../../tools/document-publisher.ts';
import { UserError } from '../../tools/user-error.ts';
import type { Target } from './target.ts';

const TIMEOUT_MS = 15_000;

/** The API at its own door: signed on AWS, where nothing is open. */
export async function createApiClient(target: Target) {
  const client = new CloudFormationClient({});
  const base = await apiUrl(client, target);
  return async (method: 'GET' | 'POST', path: string, body?: string): Promise<ApiReply> => {
    const url = new URL(base + path);
    const headers = {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(target.onAws ? await signedHeaders(client, method, url, body) : {}),
    };
    const sent = body === undefined ? {} : { body };
    const answer = await fetch(url, { method, headers, ...sent, signal: AbortSignal.timeout(TIMEOUT_MS) });
    return { url: url.href, status: answer.status, text: await answer.text() };
  };
}

/** What the API answers to one GET. */
export const getFromApi = async (target: Target, path: string): Promise<ApiReply> =>
  (await createApiClient(target))('GET', path);

/** An order, or what the API knows about it. */
export async function getOrder<T>(target: Target, id: string, about: '' | '/workflow'): Promise<T> {
  const { url, status, text } = await getFromApi(target, `/orders/${encodeURIComponent(id)}${about}`);
  if (status === 404)
    throw new UserError(`There is no order ${id} in stage ${target.stage}.`, 'Its id has 26 letters.');
  return parseReply(url, status, text, 'orders-api');
}

/** What a door answers, or the trouble with it and the function that knows why. */
export async function getJson<T>(target: Target, path: string, answeredBy: string): Promise<T> {
  const { url, status, text } = await getFromApi(target, path);
  return parseReply(url, status, text, answeredBy);
}

function parseReply<T>(url: string, status: number, text: string, answeredBy: string): T {
  if (status !== 200)
    throw new UserError(`${url} answers ${status}: ${text}`, `npm run ops -- logs tail ${answeredBy} --since 5m`);
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
    if (!value) throw new UserError(`Stack ${StackName} has no output ${key}.`, 'Deploy it again.');
    return value;
  };
  // an engine's own address of the API may be one that no name server knows
  if (target.endpoint) return `${target.endpoint}/_aws/execute-api/${output('ApiId')}/${output('ApiStage')}`;
  return output('ApiUrl').replace(/\/$/, '');
}

async function signedHeaders(
  { config }: CloudFormationClient,
  method: string,
  url: URL,
  body?: string,
): Promise<Record<string, string>> {
  const signer = new SignatureV4({
    service: 'execute-api',
    region: await config.region(),
    credentials: config.credentials,
    sha256: Sha256,
  });
  const { headers } = await signer.sign({
    method,
    protocol: url.protocol,
    hostname: url.hostname,
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers: { host: url.host },
    ...(body === undefined ? {} : { body }),
  });
  return headers;
}
