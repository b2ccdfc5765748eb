import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';
import { Chaos, noFaults } from './chaos-setting.ts';
import { defaultProvider } from './lambda-credentials.ts';
import { logger } from './observability.ts';

/** A change of the setting is felt within this time; the test stage asks at each call. */
const cachedForMs = (): number => Number(process.env['CHAOS_CACHED_FOR_MS'] ?? 3000);
const cached: { chaos: Chaos; until: number } = { chaos: noFaults, until: 0 };

/** Today's faults; a stage without the parameter has none and reads nothing. Where they cannot be read the calls go on as before: chaos is never a reason to fail. */
export async function readChaos(parameter = process.env['CHAOS_PARAMETER']): Promise<Chaos> {
  if (!parameter || Date.now() < cached.until) return cached.chaos;
  cached.until = Date.now() + cachedForMs();
  try {
    cached.chaos = Chaos.parse(JSON.parse(await fetchParameter(parameter)));
  } catch (error) {
    logger.warn('chaos setting not read', { parameter, error: error as Error });
  }
  return cached.chaos;
}

/** As last read by this function's wrapper, for places that cannot wait. */
export const transactionConflictRate = (): number => cached.chaos.transaction_conflict;

/** One signed request: the SSM client would add 228 KB to every bundle for it. */
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
  const response = await fetch(endpoint, { method: 'POST', headers, body, signal: AbortSignal.timeout(1000) });
  if (!response.ok) throw new Error(`SSM answered ${response.status}: ${await response.text()}`);
  const { Parameter } = (await response.json()) as { Parameter: { Value: string } };
  return Parameter.Value;
}
