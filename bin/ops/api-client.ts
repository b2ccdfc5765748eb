import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import type { ApiResponse } from '../../tools/document-publisher.ts';
import { UserError } from '../../tools/user-error.ts';
import { signHeaders } from './signed-request.ts';
import type { Target } from './target.ts';

const TIMEOUT_MS = 15_000;

/** Creates a client of the stage's API. Requests are signed on AWS, where no route is open. */
export async function createApiClient(target: Target) {
  const client = new CloudFormationClient({});
  const baseUrl = await findApiUrl(client, target);
  return async (method: 'GET' | 'POST' | 'PUT', path: string, body?: string): Promise<ApiResponse> => {
    const url = new URL(baseUrl + path);
    const headers = {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(target.onAws ? await signHeaders(client.config, { service: 'execute-api', method, url, body }) : {}),
    };
    const payload = body === undefined ? {} : { body };
    const response = await fetch(url, { method, headers, ...payload, signal: AbortSignal.timeout(TIMEOUT_MS) });
    return { url: url.href, status: response.status, text: await response.text() };
  };
}

export const getFromApi = async (target: Target, path: string): Promise<ApiResponse> =>
  (await createApiClient(target))('GET', path);

export async function getOrder<T>(target: Target, id: string, subpath: '' | '/workflow' = ''): Promise<T> {
  const response = await getFromApi(target, `/orders/${encodeURIComponent(id)}${subpath}`);
  if (response.status === 404)
    throw new UserError(`There is no order ${id} in stage ${target.stage}.`, 'Check the id: it has 26 characters.');
  return parseResponse(response, 'orders-api');
}

/** Returns the JSON of a response. If the status is not 200, the error names the function whose logs say why. */
export async function getJson<T>(target: Target, path: string, functionName: string): Promise<T> {
  return parseResponse(await getFromApi(target, path), functionName);
}

function parseResponse<T>({ url, status, text }: ApiResponse, functionName: string): T {
  if (status !== 200)
    throw new UserError(`${url} returned ${status}: ${text}`, `npm run ops -- logs tail ${functionName} --since 5m`);
  return parseExactly(text) as T;
}

/** `JSON` with the source text of a value and with `rawJSON`, which the types of TypeScript do not declare yet. */
const exactJson = JSON as unknown as {
  parse(text: string, reviver: (key: string, value: unknown, context: { source: string }) => unknown): unknown;
  rawJSON(digits: string): object;
};

/** Parses JSON so that an integer beyond 2^53 keeps its digits: it is written again as it was read. */
export const parseExactly = (text: string): unknown =>
  exactJson.parse(text, (_key, value, { source }) =>
    typeof value === 'number' && Math.abs(value) > Number.MAX_SAFE_INTEGER ? exactJson.rawJSON(source) : value,
  );

async function findApiUrl(client: CloudFormationClient, target: Target): Promise<string> {
  const StackName = target.name('api');
  const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName }));
  const output = (key: string): string => {
    const value = Stacks[0]?.Outputs?.find(({ OutputKey }) => OutputKey === key)?.OutputValue;
    if (!value) throw new UserError(`Stack ${StackName} has no output ${key}.`, 'Deploy the stack again.');
    return value;
  };
  // A local engine may report a host name that DNS cannot resolve, so the path form of its endpoint is used.
  if (target.endpoint) return `${target.endpoint}/_aws/execute-api/${output('ApiId')}/${output('ApiStage')}`;
  return output('ApiUrl').replace(/\/$/, '');
}
