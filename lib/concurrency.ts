import { ConfigError } from './config-error.ts';

/** How many functions of a stage may run at the same time. */
export interface ConcurrencySettings {
  /**
   * Concurrent invocations for each queue, at least 2. On the embedded engine each one is a process of about 70 MB.
   * Without a limit, Lambda polls an idle queue with two connections instead of five, which is the largest cost of an
   * idle stage (docs/scale.md). The queues may then use all of the account's concurrency, so only a stage with an
   * account of its own may be without a limit.
   */
  readonly consumerConcurrency: number | 'unlimited';
  /** Whether nothing else runs in the account of the stage. */
  readonly ownAccount: boolean;
  /**
   * The concurrent executions of all functions that the account must allow: Lambda's quota "Concurrent executions". AWS
   * grants 1,000, but a new account may start with 10. `ops doctor` compares the quota with what the stage needs.
   */
  readonly accountConcurrency: number;
  /** The part of it that is kept free for what no mapping limits: requests, the relay, schedules and other stages. */
  readonly spareConcurrency: number;
}

/** What Lambda accepts as the concurrency of a queue's mapping. */
const MIN_OF_QUEUE = 2;
const MAX_OF_QUEUE = 1000;

/** Texts, as they are given on the command line or in the environment. */
type Overrides = { readonly [Name in 'consumerConcurrency' | 'accountConcurrency']?: string | undefined };

export const parseConcurrency = (
  overrides: Overrides,
  settings: ConcurrencySettings,
): Omit<ConcurrencySettings, 'ownAccount'> => ({
  consumerConcurrency: parseConsumerConcurrency(overrides.consumerConcurrency) ?? settings.consumerConcurrency,
  accountConcurrency: parseNumber('accountConcurrency', overrides.accountConcurrency) ?? settings.accountConcurrency,
  spareConcurrency: settings.spareConcurrency,
});

const parseConsumerConcurrency = (text: string | undefined) =>
  text === 'unlimited' ? text : parseNumber('consumerConcurrency', text, MAX_OF_QUEUE, ' or unlimited');

function parseNumber(name: string, text: string | undefined, maximum?: number, others = ''): number | undefined {
  if (!text) return undefined;
  const number = Number(text);
  if (Number.isInteger(number) && number >= MIN_OF_QUEUE && number <= (maximum ?? number)) return number;
  const range = maximum === undefined ? '' : ` to ${maximum}`;
  throw new ConfigError(`${name} is "${text}". It must be a whole number from ${MIN_OF_QUEUE}${range}${others}.`);
}

/**
 * Throws if the consumers of the stage's queues may use more concurrency than the account has. Lambda would throttle
 * their invocations, and those for requests with them. In an account of its own, a stage without a limit can throttle
 * only itself: its throttled messages wait in their queues.
 */
export function checkConcurrency(
  {
    stage,
    consumerConcurrency,
    ownAccount,
    accountConcurrency,
    spareConcurrency,
  }: ConcurrencySettings & {
    stage: string;
  },
  queues: number,
): void {
  if (consumerConcurrency === 'unlimited') {
    if (ownAccount) return;
    throw new ConfigError(
      `Stage ${stage} does not limit its queues, so they may use all of the concurrency of the account. If nothing ` +
        `else runs in this account, set -c ownAccount=on. Otherwise set -c consumerConcurrency=${MIN_OF_QUEUE}.`,
    );
  }
  const needed = queues * consumerConcurrency + spareConcurrency;
  if (needed <= accountConcurrency) return;
  const possible = Math.floor((accountConcurrency - spareConcurrency) / queues);
  const remedy = possible >= MIN_OF_QUEUE ? `Set -c consumerConcurrency=${possible}, or raise` : 'Raise';
  throw new ConfigError(
    `Stage ${stage} needs ${needed} concurrent executions: ${consumerConcurrency} for each of ${queues} queues, and ` +
      `${spareConcurrency} for requests, the relay and schedules. Its account has ${accountConcurrency}. ` +
      `${remedy} the quota "Concurrent executions" of AWS Lambda in the account and set -c accountConcurrency=<quota>.`,
  );
}
