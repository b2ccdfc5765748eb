import { type Chaos, noFaults } from '../lambdas/shared/runtime/chaos-setting.ts';
import { type ConcurrencySettings, parseConcurrency } from './concurrency.ts';
import { ConfigError } from './config-error.ts';

/** The settings of a stage. Every difference between stages is a field here; no other code tests the stage's name. */
export interface StageConfig extends ConcurrencySettings {
  readonly stage: Stage;
  /** Adds what exists on AWS only: alarm notifications, traces, access logs, the `-aws` stack. */
  readonly onAws: boolean;
  readonly api: {
    /** Whether requests need no signature. Without it every method requires AWS_IAM. A test keeps it off on AWS. */
    readonly open: boolean;
    /**
     * The base URL of links and of `Location`, without a slash at the end. If empty, links are paths that begin as the
     * path of the request does: with the stage, or with the base path of a custom domain. A proxy that changes paths,
     * for example CloudFront with an origin path, needs a base URL.
     */
    readonly baseUrl: string;
    /** Whether a POST that creates something is rejected without an Idempotency-Key. */
    readonly requiresKey: boolean;
    readonly requestsPerSecond: number;
    readonly burst: number;
    /** Whether each method has metrics of its own. Each costs $0.30 a month; those of the whole API are free. */
    readonly methodMetrics: boolean;
  };
  /** Adds a firewall in front of the API. It costs $7 a month and $0.60 for a million requests. */
  readonly firewall: boolean;
  /** What is encrypted with a key of this account instead of a key of AWS. Each key costs $1 a month. */
  readonly customerKeys: { readonly alarmTopic: boolean; readonly tables: boolean };
  /** The units per second that each table and each index may use. Beyond it, requests are throttled. */
  readonly tableCeiling?: { readonly readUnits: number; readonly writeUnits: number };
  /**
   * Adds point-in-time recovery and deletion protection, and retains the tables when their stack is deleted. Without it
   * the data is deleted with the stack. `docs/runbook.md` says how a stage is removed, with its data or without.
   */
  readonly retainData: boolean;
  /** Adds daily backups by AWS Backup, and a copy of each in another region. */
  readonly backup?: BackupSettings;
  /**
   * What only Lambda on AWS does with stream records that fail: it divides their batch, and reports records that are
   * about to expire. A local engine would drop the records of a divided batch.
   */
  readonly streams?: {
    /** The batches of one shard that the relay processes at the same time. */
    readonly parallelizationFactor: number;
  };
  readonly logRetentionDays: 7 | 90;
  /** The age at which the sweep nudges a step of an order. The sweep runs every minute. */
  readonly stuckAfterMinutes: number;
  /** How long a document is served from the cache before it is looked up again. */
  readonly documentsCachedForSeconds: number;
  readonly balances: {
    /** Whether bulk updates run. A day of them costs money: see `docs/scale.md`. */
    readonly updates: boolean;
    /** Seconds between two ticks. */
    readonly interval: number;
    /** The number of chunks of the update programme that each tick updates. */
    readonly chunksPerTick: number | 'all';
  };
  readonly readModel: {
    /** The maximum age of a balance that is shown from a function's memory. */
    readonly cachedForMs: number;
    /** How often the read model is compared with the ledger. */
    readonly syncEveryMinutes: number;
    /** The number of buckets that each sync compares. */
    readonly bucketsPerSync: number;
  };
  readonly reports: {
    /**
     * The age at which the end of a range may be exported. A row has the time at which its writer began, and is written
     * within the timeout of its function, so it is there after a minute. The rest is for clocks that differ.
     */
    readonly settledAfterSeconds: number;
    /** Whether a schedule exports each day. */
    readonly dailyExports: boolean;
  };
  readonly webhooks: {
    /** Whether webhooks may call the host of the functions itself, by HTTP: a receiver on the same laptop. */
    readonly allowsLoopback: boolean;
    /**
     * How long the list of webhooks is used before it is read again. It is less than the delay of `webhook-events`, so
     * that a webhook gets each event that is published after it was created or enabled.
     */
    readonly cachedForMs: number;
    /** How long a function uses the key that signs the deliveries before it reads the key again. */
    readonly keysCachedForSeconds: number;
    /** The age at which the key that signs the deliveries is replaced. It stays valid for as long again. */
    readonly rotateKeysAfterDays: number;
  };
  /** The first value of the chaos parameter. A stage without it has no chaos parameter. */
  readonly chaos?: Chaos;
  /** How long a function uses a chaos setting before it reads the parameter again. */
  readonly chaosCachedForMs?: number;
  readonly alarmEmail?: string;
  /**
   * Which alarms exist. `essential` leaves out all but those that tell of lost work, of jobs that do not run, or of a
   * broken API. AWS charges $0.10 a month for each metric that an alarm watches.
   */
  readonly alarms: 'all' | 'essential';
  /** Whether one composite alarm for each context notifies instead of its alarms. Each costs $0.50 a month. */
  readonly compositeAlarms: boolean;
}

export interface BackupSettings {
  /** The region of the copies. It must differ from the region of the stage. */
  readonly copyRegion: string;
  readonly keepDays: number;
  readonly keepCopiesDays: number;
}

export type Stage = keyof typeof stages;

type Settings = Omit<StageConfig, 'stage'>;

const localSettings: Settings = {
  onAws: false,
  api: {
    open: true,
    baseUrl: 'http://localhost:8080',
    requiresKey: false,
    requestsPerSecond: 10_000,
    burst: 5_000,
    methodMetrics: false,
  },
  firewall: false,
  customerKeys: { alarmTopic: false, tables: false },
  retainData: false,
  logRetentionDays: 7,
  consumerConcurrency: 2,
  ownAccount: true,
  accountConcurrency: 1000,
  spareConcurrency: 100,
  stuckAfterMinutes: 1,
  documentsCachedForSeconds: 360,
  balances: { updates: true, interval: 10, chunksPerTick: 1 },
  readModel: { cachedForMs: 1000, syncEveryMinutes: 5, bucketsPerSync: 250 },
  // All functions of a laptop have one clock, and their writes end after 8 s of contention at the latest.
  reports: { settledAfterSeconds: 10, dailyExports: true },
  webhooks: { allowsLoopback: true, cachedForMs: 1000, keysCachedForSeconds: 1, rotateKeysAfterDays: 90 },
  chaos: { ...noFaults, publish_failure: 0.2 },
  alarms: 'all',
  compositeAlarms: false,
};

const awsSettings: Settings = {
  onAws: true,
  api: { open: false, baseUrl: '', requiresKey: false, requestsPerSecond: 500, burst: 1_000, methodMetrics: false },
  firewall: true,
  customerKeys: { alarmTopic: true, tables: false },
  retainData: true,
  // A shard takes up to 1,000 records per second, and one invocation after the other sends about 500.
  streams: { parallelizationFactor: 4 },
  logRetentionDays: 90,
  consumerConcurrency: 20,
  ownAccount: false,
  accountConcurrency: 1000,
  spareConcurrency: 200,
  stuckAfterMinutes: 2,
  documentsCachedForSeconds: 360,
  balances: { updates: false, interval: 10, chunksPerTick: 1 },
  // 250 buckets are all buckets of 20,000 users. A million users take three and a half hours, at about 50,000 read
  // units for each run.
  readModel: { cachedForMs: 2000, syncEveryMinutes: 5, bucketsPerSync: 250 },
  reports: { settledAfterSeconds: 300, dailyExports: true },
  webhooks: { allowsLoopback: false, cachedForMs: 1000, keysCachedForSeconds: 300, rotateKeysAfterDays: 90 },
  alarms: 'all',
  compositeAlarms: true,
};

const stages = {
  /** The stage of `npm start`. One publish in five fails, to show that no event is lost. */
  local: localSettings,
  /** The stage of `npm test`. Faults occur only when a test sets them. */
  test: { ...localSettings, chaos: noFaults, chaosCachedForMs: 0 },
  dev: {
    ...awsSettings,
    // What costs money in a month without any use is off: docs/scale.md has the sum, and a test its limit.
    firewall: false,
    customerKeys: { alarmTopic: false, tables: false },
    // A loop that writes without end costs at most $1.20 an hour for each table and each index.
    tableCeiling: { readUnits: 1_000, writeUnits: 500 },
    retainData: false,
    streams: { parallelizationFactor: 1 },
    logRetentionDays: 7,
    // The exports of a day without use would cost little, but nobody reads those of a stage for trials.
    reports: { settledAfterSeconds: 300, dailyExports: false },
    consumerConcurrency: 'unlimited',
    accountConcurrency: 100,
    spareConcurrency: 50,
    chaos: noFaults,
    alarms: 'essential',
    compositeAlarms: false,
  },
  prod: awsSettings,
} as const satisfies Record<string, Settings>;

const isStage = (name: string): name is Stage => Object.hasOwn(stages, name);

export interface Overrides {
  readonly baseUrl?: string | undefined;
  readonly alarmEmail?: string | undefined;
  // The following are texts, as they are given on the command line or in the environment.
  readonly consumerConcurrency?: string | undefined;
  readonly accountConcurrency?: string | undefined;
  /** `on` or `off`. */
  readonly ownAccount?: string | undefined;
  /** `on` or `off`. */
  readonly retainData?: string | undefined;
  /** `region` is the region of the stage, if it is known before the deployment. */
  readonly backup?: Readonly<Partial<Record<'copyRegion' | 'region', string | undefined>>>;
  readonly balances?: Readonly<Partial<Record<'updates' | 'interval' | 'chunksPerTick', string | undefined>>>;
}

/** Returns the settings of a stage with overrides. Throws if the stage is unknown or an override is not valid. */
export function configOf(name: string, overrides: Overrides = {}): StageConfig {
  const { baseUrl, alarmEmail, ownAccount, retainData, backup = {}, balances = {} } = overrides;
  if (!isStage(name))
    throw new ConfigError(
      `Unknown stage "${name}". Choose one of ${Object.keys(stages).join(', ')} by -c stage=<stage> or ONCEBOX_STAGE.`,
    );
  const settings: Settings = {
    ...stages[name],
    ownAccount: parseSwitch('ownAccount', ownAccount) ?? stages[name].ownAccount,
    retainData: parseSwitch('retainData', retainData) ?? stages[name].retainData,
  };
  return {
    ...settings,
    ...parseBackup(name, settings, backup),
    stage: name,
    api: { ...settings.api, baseUrl: parseBaseUrl(baseUrl) ?? settings.api.baseUrl },
    balances: {
      updates: parseSwitch('balances.updates', balances.updates) ?? settings.balances.updates,
      interval: parseInterval(balances.interval) ?? settings.balances.interval,
      chunksPerTick: parseChunks(balances.chunksPerTick) ?? settings.balances.chunksPerTick,
    },
    ...(alarmEmail ? { alarmEmail } : {}),
    ...parseConcurrency(overrides, settings),
  };
}

const parseBaseUrl = (text: string | undefined): string | undefined => {
  if (!text) return undefined;
  const isValid = /^https?:\/\/[^\s?#<>]+$/.test(text) && URL.canParse(text);
  if (!isValid)
    throw new ConfigError(`baseUrl is "${text}". It must be like https://shop.example or https://shop.example/v1.`);
  return text.replace(/\/+$/, '');
};

const parseSwitch = (name: string, text: string | undefined): boolean | undefined => {
  if (!text) return undefined;
  if (text !== 'on' && text !== 'off') throw new ConfigError(`${name} is "${text}". It must be on or off.`);
  return text === 'on';
};

/** Point-in-time recovery goes back 35 days too. The copies last longer, since they are for the loss of a region. */
const KEEP_BACKUPS_DAYS = 35;
const KEEP_COPIES_DAYS = 90;

function parseBackup(
  stage: string,
  { onAws, retainData }: Settings,
  { copyRegion, region }: NonNullable<Overrides['backup']>,
): Pick<StageConfig, 'backup'> {
  if (!copyRegion) return {};
  if (!onAws) throw new ConfigError(`The stage ${stage} has no backups, because only AWS has AWS Backup.`);
  if (!retainData) throw new ConfigError(`The stage ${stage} does not retain its data, so it has no backups.`);
  if (!/^[a-z]{2}(-[a-z]+)+-\d$/.test(copyRegion))
    throw new ConfigError(`backup.copyRegion is "${copyRegion}". It must be a region such as eu-west-1.`);
  if (copyRegion === region)
    throw new ConfigError(
      `backup.copyRegion is ${copyRegion}, the region of the stage. Copies must be in another region.`,
    );
  return { backup: { copyRegion, keepDays: KEEP_BACKUPS_DAYS, keepCopiesDays: KEEP_COPIES_DAYS } };
}

/** With less than 5 s between ticks, a tick would not end before the next one is due. */
const MIN_INTERVAL_S = 5;

/** Parses the seconds between two ticks. The planner plans whole minutes, so the interval must divide 60 s. */
const parseInterval = (text: string | undefined): number | undefined => {
  if (!text) return undefined;
  const interval = Number(text);
  if (60 % interval === 0 && interval >= MIN_INTERVAL_S && Number.isInteger(interval)) return interval;
  throw new ConfigError(`balances.interval is "${text}". It must be 5, 6, 10, 12, 15, 20, 30 or 60 seconds.`);
};

const parseChunks = (text: string | undefined): number | 'all' | undefined => {
  if (!text) return undefined;
  if (text === 'all') return text;
  const chunks = Number(text);
  if (Number.isInteger(chunks) && chunks >= 1) return chunks;
  throw new ConfigError(`balances.chunks_per_tick is "${text}". It must be a whole number from 1, or all.`);
};

/**
 * Returns the physical name of a resource of this stage: `oncebox-<stage>-orders`. Stacks refer to each other's
 * resources by these names and not by CloudFormation exports: an export cannot change while another stack imports it.
 */
export const nameOf = ({ stage }: StageConfig, ...parts: readonly string[]): string =>
  ['oncebox', stage, ...parts].join('-');

/** Converts the name of a file or context to a construct id: `on-payment-status` → `OnPaymentStatus`. */
export const pascalCase = (name: string): string =>
  name.replace(/(^|[-_])([a-z])/g, (_match, _separator: string, letter: string) => letter.toUpperCase());

/** Converts the id of a context to the name of its folder: `GiftCards` → `gift-cards`. */
export const kebabCase = (id: string): string => id.replace(/(?<=[a-z0-9])(?=[A-Z])/g, '-').toLowerCase();
