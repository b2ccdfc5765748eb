import { Sha256 } from '@aws-crypto/sha256-js';
import type { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { SignatureV4 } from '@smithy/signature-v4';

/** The region and credentials of any SDK client, which finds them in the environment or in a profile. */
export type SigningConfig = Pick<CloudFormationClient['config'], 'region' | 'credentials'>;

interface UnsignedRequest {
  readonly service: string;
  readonly method: string;
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
}

/** Returns the headers of a request with its signature, for services that have no SDK client here. */
export async function signHeaders(
  { region, credentials }: SigningConfig,
  { service, method, url, headers = {}, body }: UnsignedRequest,
): Promise<Record<string, string>> {
  const signer = new SignatureV4({ service, region: await region(), credentials, sha256: Sha256 });
  const signed = await signer.sign({
    method,
    protocol: url.protocol,
    hostname: url.hostname,
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers: { ...headers, host: url.host },
    ...(body === undefined ? {} : { body }),
  });
  return signed.headers;
}
