import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { UserError } from '../tools/user-error.ts';
import { parseEnvFile } from './env-file.ts';

export const root = dirname(import.meta.dirname);

/** What a start can be told: by environment, or by `.env`, where the environment wins. `.env.example` explains each. */
export type Settings = {
  port: number;
  enginePort: number;
  stage: string;
  /** Everything that a start writes; `npm run down -- -v` removes the instance's part of it. */
  dataDir: string;
  engine: 'ministack' | 'localstack';
  /** An engine that runs already; none is started then. */
  endpoint: string | undefined;
  maxInFlight: number;
  python: string | undefined;
  /** What the app itself may be told (`bin/app.ts`), by its variables. */
  overrides: Record<string, string>;
};

const OVERRIDES = ['ONCEBOX_BALANCES_UPDATES', 'ONCEBOX_BALANCES_INTERVAL', 'ONCEBOX_BALANCES_CHUNKS_PER_TICK'];

const engines = ['ministack', 'localstack'] as const;

export function readSettings(env: NodeJS.ProcessEnv = process.env, args: readonly string[] = []): Settings {
  const file = join(root, '.env');
  const values: NodeJS.ProcessEnv = { ...(existsSync(file) ? parseEnvFile(readFileSync(file, 'utf8')) : {}), ...env };
  const at = args.indexOf('--engine');
  const named = at >= 0 ? args[at + 1] : (values['ONCEBOX_ENGINE'] ?? 'ministack');
  const engine = engines.find((known) => known === named);
  if (!engine) throw new UserError(`There is no engine "${named ?? ''}".`, `Choose one of: ${engines.join(', ')}.`);
  const stage = values['ONCEBOX_STAGE'] || 'local';
  if (!/^[a-z][a-z0-9-]{0,19}$/.test(stage)) {
    throw new UserError(
      `"${stage}" cannot be a stage.`,
      'ONCEBOX_STAGE takes up to 20 of a–z, 0–9 and -, a letter first.',
    );
  }
  const dataDir = values['ONCEBOX_DATA_DIR'] || '.oncebox';
  return {
    port: number(values, 'ONCEBOX_PORT', 8080, 65_535),
    enginePort: number(values, 'ONCEBOX_ENGINE_PORT', 4566, 65_535),
    stage,
    dataDir: isAbsolute(dataDir) ? dataDir : join(root, dataDir),
    engine,
    endpoint: values['AWS_ENDPOINT_URL'] || undefined,
    maxInFlight: number(values, 'ONCEBOX_MAX_IN_FLIGHT', 2 * availableParallelism(), 1_000),
    python: values['ONCEBOX_PYTHON'] || undefined,
    overrides: Object.fromEntries(OVERRIDES.flatMap((name) => (values[name] ? [[name, values[name]]] : []))),
  };
}

function number(values: NodeJS.ProcessEnv, name: string, fallback: number, max: number): number {
  const text = values[name];
  if (text === undefined || text === '') return fallback;
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= max) return value;
  throw new UserError(`${name} is "${text}".`, `It takes a whole number from 1 to ${max}.`);
}

/** What every AWS client and the CDK CLI need to speak to a local engine, and to nothing else. */
export function engineEnv(endpoint: string): Record<string, string> {
  return {
    AWS_ENDPOINT_URL: endpoint,
    // Path-style addresses: a bucket's host name does not resolve everywhere.
    AWS_ENDPOINT_URL_S3: endpoint,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_REGION: 'us-east-1',
    AWS_DEFAULT_REGION: 'us-east-1',
    CDK_DEFAULT_ACCOUNT: '000000000000',
    CDK_DEFAULT_REGION: 'us-east-1',
    // A profile of the person at the terminal must not win over the lines above.
    AWS_PROFILE: '',
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
  };
}

/** Options of an AWS SDK client that speaks to a local engine. */
export function clientOptions(endpoint: string) {
  return { endpoint, region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };
}
