import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parseMetrics } from '../../localstack/emf.ts';
import type { SynthesizedStage } from './synthesized.ts';

const script = fileURLToPath(new URL('emit-metrics.ts', import.meta.url));

/** A metric as CloudWatch identifies it: an alarm finds it only by exactly these dimensions. */
export interface MetricIdentity {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
}

/** Returns the identity as text, for comparisons. */
export const identityOf = ({ namespace, name, dimensions }: MetricIdentity): string =>
  `${namespace} ${name} ${JSON.stringify(Object.fromEntries(Object.entries(dimensions).toSorted()))}`;

/**
 * Runs the code of each context in a process with the environment of the context's functions, as it is in the templates
 * of a stage, and returns the metrics that the processes wrote to stdout.
 */
export async function emittedMetrics(stage: SynthesizedStage): Promise<MetricIdentity[]> {
  const functions = stage.resources
    .filter(({ Type }) => Type === 'AWS::Lambda::Function')
    .map(({ Properties }) => (Properties['Environment'] as { Variables: Record<string, unknown> }).Variables);
  const services = Map.groupBy(functions, (variables) => String(variables['POWERTOOLS_SERVICE_NAME']));
  const lines = await Promise.all([...services].map(([service, environments]) => emit(service, environments)));
  return lines
    .flat()
    .flatMap(parseMetrics)
    .map(({ namespace, name, dimensions }) => ({ namespace, name, dimensions }));
}

async function emit(service: string, environments: readonly Record<string, unknown>[]): Promise<string[]> {
  const consumers = environments.flatMap(({ CONSUMER }) => (typeof CONSUMER === 'string' ? [CONSUMER] : []));
  // A value that CloudFormation computes at deployment, for example the URL of a queue, is not a text here.
  const variables = Object.assign({}, ...environments) as Record<string, unknown>;
  const env = Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, String(value)]));
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', script, service, ...consumers],
    { env: { ...env, POWERTOOLS_LOG_LEVEL: 'SILENT' } },
  );
  return stdout.split('\n');
}
