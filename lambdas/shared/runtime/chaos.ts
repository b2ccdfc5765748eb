import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';
import { Chaos, noFaults } from './chaos-setting.ts';
import { defaultProvider } from './lambda-credentials.ts';
import { logger } from './observability.ts';

const DEFAULT_CACHE_MS = 3000;
const TIMEOUT_MS = 1000;
const cache: { chaos: Chaos; expiresAtMs: number } = { chaos: noFaults, expiresAtMs: 0 };

/**
 * Returns the current faults. A stage without the parameter has none and reads nothing. If the parameter cannot be
 * read, the last setting stays in force, because injected faults must not cause real ones.
 */
export async function readChaos(parameter = process.env['CHAOS_PARAMETER']): Promise<Chaos> {
  if (!parameter || Date.now() < cache.expiresAtMs) return cache.chaos;
  cache.expiresAtMs = Date.now() + Number(process.env['CHAOS_CACHED_FOR_MS'] ?? DEFAULT_CACHE_MS);
  try {
    cache.chaos = Chaos.parse(JSON.parse(await fetchParameter(parameter)));
  } catch (error) {
    logger.warn('chaos setting not read', { parameter, error: error as Error });
  }
  return cache.chaos;
}

/** Returns the rate that the function's wrapper has read last, for callers that cannot wait. */
export const transactionConflictRate = (): number => cache.chaos.transaction_conflict;

/** Reads the parameter by one signed request. The SSM client would add 228 KB to every bundle. */
async function fetchParameter(name: string): Promise<string> {
  const region = process.env['AWS_REGION'] ?? 'us-east-1';
  const endpoint = new URL(process.env['AWS_ENDPOINT_URL'] ?? `https://ssm.${region}.amazonaws.com`);
  const signer = new SignatureV4({ service: 'ssm', region, credentials: defaultProvider(), sha256: Sha256 });
  const { headers, body } = await signer.sign({
    method: 'POST',
    protocol: endpoint.protocol,
    hostname: endpoint.hostname,
    ...(endpoint.port ? { port: Number(endpoint.port) } : {}),
    path: '/',
    headers: {
      host: endpoint.host,
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'AmazonSSM.GetParameter',
    },
    body: JSON.stringify({ Name: name }),
  });
  const response = await fetch(endpoint, { method: 'POST', headers, body, signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (!response.ok) throw new Error(`SSM returned ${response.status}: ${await response.text()}`);
  const { Parameter } = (await response.json()) as { Parameter: { Value: string } };
  return Parameter.Value;
}
