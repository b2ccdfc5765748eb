import type { Clock } from '../shared/runtime/clock.ts';
import { logger } from '../shared/runtime/observability.ts';
import { type Balance, type DriftKind, detectDrift, isSameCount, summarize } from './balance.ts';
import type { BalanceStore } from './balance-store.ts';

/** The ledger as the sync sees it: read-only. */
export interface Ledger {
  /** Reads one page of a bucket's accounts, ordered by user. The next page starts above the user `next`. */
  accounts(bucket: string, above?: string): Promise<{ readonly accounts: readonly Balance[]; readonly next?: string }>;
  chunks(): Promise<number>;
}

export interface SyncPorts {
  readonly balances: BalanceStore;
  readonly ledger: Ledger;
  readonly clock: Clock;
}

type BalanceAtVersion = Pick<Balance, 'balance' | 'version'>;

/** A difference between the read model and the ledger, and whether it was repaired. */
export interface Drift {
  readonly bucket: string;
  readonly kind: DriftKind | 'summary';
  readonly repaired: boolean;
  /** Absent if the drift is in the summary of the bucket. */
  readonly user_id?: string;
  readonly ledger?: BalanceAtVersion;
  readonly read_model?: BalanceAtVersion | undefined;
}

/** One comparison that repairs, one that finds a wrong count, one after the pause, and two more for a busy bucket. */
const MAX_COMPARISONS = 5;
/** The ledger's index of accounts by bucket lags behind the accounts by less than this time. */
const INDEX_LAG_MS = 3000;

/**
 * Compares the accounts of a bucket with the ledger, then compares its summary with a count of the accounts. Repairs
 * and reports each drift. The summary is checked only if no account changed during the comparison: if its version has
 * changed, the comparison is repeated. A different number of accounts must still differ at the same version after a
 * pause, in which the ledger's index catches up.
 */
export async function compareBucket(ports: SyncPorts, bucket: string, report: (drift: Drift) => void) {
  const { balances, clock } = ports;
  let accounts = 0;
  let pausedAtVersion: number | undefined;
  let hadWrongBalance = false;
  for (let comparison = 0; comparison < MAX_COMPARISONS; comparison++) {
    const before = await balances.getSummary(bucket);
    const compared = await compareAccounts(ports, bucket);
    accounts = compared.balances.length;
    for (const drift of compared.drifts) report(drift);
    hadWrongBalance ||= compared.drifts.some(({ kind }) => kind === 'wrong' || kind === 'ahead');
    if (compared.drifts.some(({ repaired }) => repaired)) continue;
    const { summary, version } = await balances.getSummary(bucket);
    const counted = summarize(compared.balances);
    if (isSameCount(summary, counted)) return { accounts };
    if (version !== before.version) continue;
    if (counted.users !== summary.users && pausedAtVersion !== version) {
      pausedAtVersion = version;
      await clock.sleep(INDEX_LAG_MS);
      continue;
    }
    if (!(await balances.replaceSummary(bucket, version, counted))) continue;
    // A wrong balance makes the summary wrong too. Both together are reported as one drift.
    if (!hadWrongBalance) report({ bucket, kind: 'summary', repaired: true });
    return { accounts };
  }
  logger.info('bucket changes too often to be counted', { bucket });
  return { accounts, isUncounted: true };
}

/** Returns the balances of the read model, and their drifts from the ledger. */
async function compareAccounts(ports: SyncPorts, bucket: string) {
  const balances: Balance[] = [];
  const drifts: Drift[] = [];
  let above: string | undefined;
  do {
    const page = await comparePage(ports, bucket, above);
    balances.push(...page.balances);
    drifts.push(...page.drifts);
    above = page.next;
  } while (above !== undefined);
  return { balances, drifts };
}

async function comparePage({ balances: store, ledger, clock }: SyncPorts, bucket: string, above?: string) {
  const page = await ledger.accounts(bucket, above);
  const balances = await store.getMany(page.accounts.map(({ user_id }) => user_id));
  const isAhead = ({ user_id, version }: Balance): boolean => (balances.get(user_id)?.version ?? 0) > version;
  // An account may have changed after the ledger was read, so a balance that is ahead is compared with a fresh read.
  const { accounts, next } = page.accounts.some(isAhead) ? await ledger.accounts(bucket, above) : page;
  const drifting = accounts.flatMap((account) => {
    const balance = balances.get(account.user_id);
    const kind = detectDrift(account, balance, clock.now());
    return kind ? [{ account, balance, kind }] : [];
  });
  const toRepair = drifting.filter(({ kind }) => kind !== 'ahead').map(({ account }) => account);
  const repaired = new Set((await store.correct(bucket, toRepair)).map(({ user_id }) => user_id));
  const drifts = drifting
    // If an account needed no repair, its update has arrived in the meantime, which is no drift.
    .filter(({ account, kind }) => kind === 'ahead' || repaired.has(account.user_id))
    .map(
      ({ account, balance, kind }): Drift => ({
        bucket,
        kind,
        repaired: kind !== 'ahead',
        user_id: account.user_id,
        ledger: toBalanceAtVersion(account),
        read_model: balance && toBalanceAtVersion(balance),
      }),
    );
  return { balances: [...balances.values()], drifts, next };
}

const toBalanceAtVersion = ({ balance, version }: Balance): BalanceAtVersion => ({ balance, version });
