import { type Chaos, noFaults } from '../lambdas/shared/runtime/chaos-setting.ts';

/** What a stage is. Everything that differs between stages is a field of this record, and nothing else asks for the stage. */
export interface StageConfig {
  readonly stage: Stage;
  /** Has what only AWS has: alarms that tell somebody, traces, access logs, the `-aws` stack. */
  readonly onAws: boolean;
  readonly api: {
    /** Without it every method takes AWS_IAM. No stage on AWS may set it; a test says so. */
    readonly open: boolean;
    /** Where links and `Location` point; empty means relative links. */
    readonly baseUrl: string;
    readonly requestsPerSecond: number;
    readonly burst: number;
  };
  /** Backups, deletion protection, and tables that outlive their stack. */
  readonly keepsData: boolean;
  readonly logRetentionDays: 7 | 90;
  /** Invocations at once for each queue. Each is a process of about 70 MB on the embedded engine. */
  readonly consumerConcurrency: number;
  /** A step of an order that takes longer is asked after, minute by minute. */
  readonly stuckAfterMinutes: number;
  /** How long a document is served from the cache before the store is asked again. */
  readonly documentsCachedForSeconds: number;
  /** The bulk updates of balances. */
  readonly balances: {
    /** Whether there are any. A day of them costs money: `docs/scale.md`. */
    readonly updates: boolean;
    /** Seconds from one to the next. */
    readonly interval: number;
    /** How many chunks of the programme's members have their turn in each. */
    readonly chunksPerTick: number | 'all';
  };
  /** The read model of balances. */
  readonly readModel: {
    /** How old a balance may be that is shown from memory. */
    readonly cachedForMs: number;
    /** How often the read model is compared with the ledger, and so many buckets of it each time. */
    readonly syncEveryMinutes: number;
    readonly bucketsPerSync: number;
  };
  /** What the chaos parameter says at first. A stage without it is not wired for chaos at all. */
  readonly chaos?: Chaos;
  /** How long a function goes on with the chaos that it has read. */
  readonly chaosCachedForMs?: number;
  readonly alarmEmail?: string;
}

export type Stage = keyof typeof stages;

type Settings = Omit<StageConfig, 'stage'>;

const localSettings: Settings = {
  onAws: false,
  api: { open: true, baseUrl: 'http://localhost:8080', requestsPerSecond: 10_000, burst: 5_000 },
  keepsData: false,
  logRetentionDays: 7,
  consumerConcurrency: 2,
  stuckAfterMinutes: 1,
  documentsCachedForSeconds: 360,
  balances: { updates: true, interval: 10, chunksPerTick: 1 },
  readModel: { cachedForMs: 1000, syncEveryMinutes: 5, bucketsPerSync: 250 },
  chaos: { ...noFaults, publish_failure: 0.2 },
};

const awsSettings: Settings = {
  onAws: true,
  api: { open: false, baseUrl: '', requestsPerSecond: 500, burst: 1_000 },
  keepsData: true,
  logRetentionDays: 90,
  consumerConcurrency: 20,
  stuckAfterMinutes: 2,
  documentsCachedForSeconds: 360,
  balances: { updates: false, interval: 10, chunksPerTick: 1 },
  // 250 buckets are all of 20,000 users, or a million in three hours and a half, at about 50,000 read units a run
  readModel: { cachedForMs: 2000, syncEveryMinutes: 5, bucketsPerSync: 250 },
};

const stages = {
  /** `npm start`: a fifth of all publishing fails, and nobody should notice. */
  local: localSettings,
  /** `npm test`: the same, but trouble comes only when a test asks for it. */
  test: { ...localSettings, chaos: noFaults, chaosCachedForMs: 0 },
  dev: { ...awsSettings, logRetentionDays: 7, chaos: noFaults },
  prod: awsSettings,
} as const satisfies Record<string, Settings>;

const isStage = (name: string): name is Stage => Object.hasOwn(stages, name);

/** What the person who deploys may say for this one deployment. */
export interface Overrides {
  readonly baseUrl?: string | undefined;
  readonly alarmEmail?: string | undefined;
  /** As they stand on a command line or in the environment: in words. */
  readonly balances?: Readonly<Partial<Record<'updates' | 'interval' | 'chunksPerTick', string | undefined>>>;
}

/** The record of one stage; a stage that nobody has described is refused by name. */
export function configOf(name: string, { baseUrl, alarmEmail, balances = {} }: Overrides = {}): StageConfig {
  if (!isStage(name))
    throw new Error(
      `unknown stage "${name}": choose one of ${Object.keys(stages).join(', ')} by -c stage= or ONCEBOX_STAGE`,
    );
  const settings: Settings = stages[name];
  return {
    ...settings,
    stage: name,
    api: { ...settings.api, baseUrl: baseUrl ?? settings.api.baseUrl },
    balances: {
      updates: parseUpdates(balances.updates) ?? settings.balances.updates,
      interval: parseInterval(balances.interval) ?? settings.balances.interval,
      chunksPerTick: parseChunks(balances.chunksPerTick) ?? settings.balances.chunksPerTick,
    },
    ...(alarmEmail ? { alarmEmail } : {}),
  };
}

const parseUpdates = (text: string | undefined): boolean | undefined => {
  if (!text) return undefined;
  if (text !== 'on' && text !== 'off') throw new Error(`balances.updates is "${text}"; it is on or off`);
  return text === 'on';
};

const SHORTEST_INTERVAL_S = 5;

/** A minute is planned at a time, so ticks must fill it; below 5 s a tick would be late before it is through. */
const parseInterval = (text: string | undefined): number | undefined => {
  if (!text) return undefined;
  const interval = Number(text);
  if (60 % interval === 0 && interval >= SHORTEST_INTERVAL_S && Number.isInteger(interval)) return interval;
  throw new Error(`balances.interval is "${text}"; it is a divisor of 60 seconds, 5, 6, 10, 12, 15, 20, 30 or 60`);
};

const parseChunks = (text: string | undefined): number | 'all' | undefined => {
  if (!text) return undefined;
  if (text === 'all') return text;
  const chunks = Number(text);
  if (Number.isInteger(chunks) && chunks >= 1) return chunks;
  throw new Error(`balances.chunks_per_tick is "${text}"; it is a whole number from 1, or all`);
};

/**
 * The physical name of a thing of this stage: `oncebox-<stage>-orders`. Stacks know each other's things by these names,
 * never by CloudFormation exports, which would let no stack change before its neighbours.
 */
export const nameOf = ({ stage }: StageConfig, ...parts: readonly string[]): string =>
  ['oncebox', stage, ...parts].join('-');

/** A file's or context's name as a construct id: `on-payment-status` → `OnPaymentStatus`. */
export const pascalCase = (name: string): string =>
  name.replace(/(^|-)([a-z])/g, (_all, _dash: string, letter: string) => letter.toUpperCase());
