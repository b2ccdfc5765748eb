import { Sha256 } from '@aws-crypto/sha256-js';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { SignatureV4 } from '@smithy/signature-v4';
import { Trouble } from '../../localstack/trouble.ts';
import type { Target } from './target.ts';

const PATIENCE_MS = 15_000;

/** Asks the API whether it is there, through its own door: signed on AWS, where nothing is open. */
export async function askHealth(target: Target): Promise<{ url: string; status: number }> {
  const client = new CloudFormationClient({});
  const url = new URL(`${await apiUrl(client, target)}/healthz`);
  const headers = target.onAws ? await signed(client, url) : {};
  const answer = await fetch(url, { headers, signal: AbortSignal.timeout(PATIENCE_MS) });
  await answer.body?.cancel();
  return { url: url.href, status: answer.status };
}

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
    headers: { host: url.host },
  });
  return headers;
}
