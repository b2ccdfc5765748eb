import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { signHeaders } from './signed-request.ts';

const TIMEOUT_MS = 10_000;
const REQUEST = 'Action=GetCallerIdentity&Version=2011-06-15';

export interface CallerIdentity {
  readonly account: string;
  readonly region: string;
  /** The ARN of the user or role whose credentials are used. */
  readonly arn: string;
}

/** Asks AWS whose credentials these are, which needs no permission. One signed request replaces the client of STS. */
export async function readCallerIdentity(): Promise<CallerIdentity> {
  const { config } = new CloudFormationClient({});
  const region = await config.region();
  const url = new URL(endpointOf(region));
  const headers = await signHeaders(config, {
    service: 'sts',
    method: 'POST',
    url,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: REQUEST,
  });
  const response = await fetch(url, {
    method: 'POST',
    headers,
    body: REQUEST,
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const xml = await response.text();
  const [account, arn] = [textOf('Account', xml), textOf('Arn', xml)];
  if (account !== undefined && arn !== undefined) return { account, region, arn };
  const error = new Error(textOf('Message', xml) ?? `STS returned ${response.status}.`);
  // The name is the code, as in errors of the SDK, so that the remedy is the same.
  error.name = textOf('Code', xml) ?? 'Error';
  throw error;
}

/** Returns the text of an element. The texts of this response contain no escaped characters. */
const textOf = (element: string, xml: string): string | undefined =>
  new RegExp(`<${element}>([^<]*)</${element}>`).exec(xml)?.[1];

/** Returns the endpoint that the SDK would use: a configured one, or the one of the region. */
function endpointOf(region: string): string {
  const configured = process.env['AWS_ENDPOINT_URL_STS'] || process.env['AWS_ENDPOINT_URL'];
  const domain = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  return configured || `https://sts.${region}.${domain}/`;
}
