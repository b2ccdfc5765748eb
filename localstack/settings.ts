import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { parseEnv } from 'node:util';
import { UserError } from '../tools/user-error.ts';

export const root = dirname(import.meta.dirname);

/** The app of one stage in one engine. */
export type Deployment = { endpoint: string; stage: string };

export type Settings = ReturnType<typeof readSettings>;

const OVERRIDES = ['ONCEBOX_BALANCES_UPDATES', 'ONCEBOX_BALANCES_INTERVAL', 'ONCEBOX_BALANCES_CHUNKS_PER_TICK'];

const engines = ['ministack', 'localstack'] as const;

/** Reads the settings of `npm start` from the environment and `.env`; the environment wins. See `.env.example`. */
export function readSettings(env: NodeJS.ProcessEnv = process.env, args: readonly string[] = []) {
  const file = join(root, '.env');
  const values: NodeJS.ProcessEnv = { ...(existsSync(file) ? parseEnv(readFileSync(file, 'utf8')) : {}), ...env };
  const dataDir = values['ONCEBOX_DATA_DIR'] || '.oncebox';
  return {
    port: readNumber(values, 'ONCEBOX_PORT', { fallback: 8080, max: 65_535 }),
    enginePort: readNumber(values, 'ONCEBOX_ENGINE_PORT', { fallback: 4566, max: 65_535 }),
    stage: readStage(values),
    /** The folder for everything that a start writes. `npm run down -- -v` removes the part of the instance. */
    dataDir: isAbsolute(dataDir) ? dataDir : join(root, dataDir),
    engine: readEngine(values, args),
    /** The address of a running engine. If it is set, no engine is started. */
    endpoint: values['AWS_ENDPOINT_URL'] || undefined,
    maxInFlight: readNumber(values, 'ONCEBOX_MAX_IN_FLIGHT', { fallback: 2 * availableParallelism(), max: 1_000 }),
    /** The number of users whose balances are updated in bulk. A start creates those that are missing. */
    sampleUsers: readNumber(values, 'ONCEBOX_SAMPLE_USERS', { fallback: 1000, min: 0, max: 100_000 }),
    python: values['ONCEBOX_PYTHON'] || undefined,
    /** Whether the embedded engine enforces IAM. */
    enforcesIam: readSwitch(values, 'ONCEBOX_IAM'),
    /** Environment variables for the app itself (`bin/app.ts`). */
    overrides: Object.fromEntries(OVERRIDES.flatMap((name) => (values[name] ? [[name, values[name]]] : []))),
  };
}

function readEngine(values: NodeJS.ProcessEnv, args: readonly string[]) {
  const index = args.indexOf('--engine');
  const name = index >= 0 ? args[index + 1] : (values['ONCEBOX_ENGINE'] ?? 'ministack');
  const engine = engines.find((known) => known === name);
  if (!engine) throw new UserError(`There is no engine "${name ?? ''}".`, `Choose one of: ${engines.join(', ')}.`);
  return engine;
}

function readStage(values: NodeJS.ProcessEnv): string {
  const stage = values['ONCEBOX_STAGE'] || 'local';
  if (/^[a-z][a-z0-9-]{0,19}$/.test(stage)) return stage;
  throw new UserError(
    `"${stage}" is not a valid stage.`,
    'ONCEBOX_STAGE takes up to 20 characters: a–z, 0–9 and -, starting with a letter.',
  );
}

function readNumber(
  values: NodeJS.ProcessEnv,
  name: string,
  { fallback, min = 1, max }: { fallback: number; min?: number; max: number },
): number {
  const text = values[name];
  if (text === undefined || text === '') return fallback;
  const value = Number(text);
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new UserError(`${name} is "${text}".`, `It takes a whole number from ${min} to ${max}.`);
}

function readSwitch(values: NodeJS.ProcessEnv, name: string): boolean {
  const text = values[name] || 'off';
  if (text === 'on' || text === 'off') return text === 'on';
  throw new UserError(`${name} is "${text}".`, 'It takes on or off.');
}

/** Returns the environment with which AWS clients and the CDK CLI use a local engine and nothing else. */
export function engineEnv(endpoint: string): Record<string, string> {
  return {
    AWS_ENDPOINT_URL: endpoint,
    // An own variable for S3 keeps path-style addresses, since a bucket's host name does not resolve everywhere.
    AWS_ENDPOINT_URL_S3: endpoint,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_REGION: 'us-east-1',
    AWS_DEFAULT_REGION: 'us-east-1',
    CDK_DEFAULT_ACCOUNT: '000000000000',
    CDK_DEFAULT_REGION: 'us-east-1',
    // A profile of the user must not override the values above.
    AWS_PROFILE: '',
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
  };
}

/**
 * Returns the header of a request to an engine without an SDK client. It is not signed: both engines only read the name
 * of the service from it.
 */
export function authorizationFor(service: string): string {
  return `AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/${service}/aws4_request, SignedHeaders=host, Signature=0`;
}

export function clientOptions(endpoint: string) {
  return { endpoint, region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };
}
