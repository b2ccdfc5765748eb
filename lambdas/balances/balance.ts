/** The last known balance of an account. Version 0 means that the account was opened and has no balance yet. */
export interface Balance {
  readonly user_id: string;
  readonly balance: number;
  readonly version: number;
  readonly updated_at: string;
}

/** What one event reports about one account: that it was opened, or its new balance. */
export interface Update extends Balance {
  /** True if a tick of the update programme made this change, and not an order or a deposit. */
  readonly byTick?: boolean;
}

/** The totals of one bucket of accounts, or of several buckets. With it, no reader has to read all accounts. */
export interface Summary {
  /** The number of opened accounts. An account with a balance counts, even if its `AccountOpened` has not arrived. */
  readonly users: number;
  /** The number of accounts with a version above 0. */
  readonly balances: number;
  /** A bigint, because ten accounts with the maximum balance exceed 2^53. */
  readonly sum: bigint;
  readonly newest: readonly Balance[];
  readonly last_tick_at?: string | undefined;
}

/**
 * The number of latest changes that a summary keeps. The newest ten of all buckets are among the newest ten of each,
 * so a merged list of this length is exact. With ten, the row of a summary stays below 1 KB.
 */
export const NEWEST = 10;

export const emptySummary: Summary = { users: 0, balances: 0, sum: 0n, newest: [] };

/** The next balance of an account, or the reason why it stays as it is. */
type UpdateResult = Balance | 'stale' | 'duplicate';

const laterTime = (a: string | undefined, b: string): string => (a === undefined || b > a ? b : a);

/**
 * Applies an update if its version is newer, so the order of arrival does not matter. `updated_at` never decreases,
 * although the clocks of the producers differ slightly: otherwise an account could fall behind accounts that the list
 * of the newest has already dropped.
 */
export function applyUpdate(
  current: Balance | undefined,
  { user_id, balance, version, updated_at }: Update,
): UpdateResult {
  if (!current || version > current.version)
    return { user_id, balance, version, updated_at: laterTime(current?.updated_at, updated_at) };
  return version === current.version ? 'duplicate' : 'stale';
}

/** Applies the ledger's account. At the same version, the ledger's balance replaces a different one. */
export function applyCorrection(current: Balance | undefined, account: Balance): UpdateResult {
  const isWrong = current?.version === account.version && current.balance !== account.balance;
  return isWrong ? { ...current, balance: account.balance } : applyUpdate(current, account);
}

const hasBalance = ({ version }: Balance): boolean => version > 0;

const compareNewestFirst = (a: Balance, b: Balance): number => {
  if (a.updated_at !== b.updated_at) return a.updated_at > b.updated_at ? -1 : 1;
  return a.user_id < b.user_id ? -1 : 1;
};

const selectNewest = (balances: readonly Balance[]): Balance[] =>
  balances.filter(hasBalance).toSorted(compareNewestFirst).slice(0, NEWEST);

/** Returns the summary after some accounts have changed. Both maps are by user. */
function replaceInSummary(
  summary: Summary,
  before: ReadonlyMap<string, Balance>,
  after: ReadonlyMap<string, Balance>,
): Summary {
  const newBalances = [...after.values()];
  const added = summarize(newBalances);
  const removed = summarize(newBalances.flatMap(({ user_id }) => before.get(user_id) ?? []));
  return {
    ...summary,
    users: summary.users + added.users - removed.users,
    balances: summary.balances + added.balances - removed.balances,
    sum: summary.sum + added.sum - removed.sum,
    newest: selectNewest([...summary.newest.filter(({ user_id }) => !after.has(user_id)), ...newBalances]),
  };
}

/** Counts accounts into a summary. The time of the last tick cannot be counted, so it is left out. */
export const summarize = (balances: readonly Balance[]): Summary => ({
  users: balances.length,
  balances: balances.filter(hasBalance).length,
  sum: balances.reduce((sum, { balance }) => sum + BigInt(balance), 0n),
  newest: selectNewest(balances),
});

export const mergeSummaries = (summaries: readonly Summary[]): Summary => ({
  users: summaries.reduce((total, { users }) => total + users, 0),
  balances: summaries.reduce((total, { balances }) => total + balances, 0),
  sum: summaries.reduce((total, { sum }) => total + sum, 0n),
  newest: selectNewest(summaries.flatMap(({ newest }) => newest)),
  last_tick_at: summaries
    .flatMap(({ last_tick_at }) => last_tick_at ?? [])
    .reduce<string | undefined>(laterTime, undefined),
});

const countAsText = ({ users, balances, sum, newest }: Summary): string =>
  JSON.stringify([
    users,
    balances,
    `${sum}`,
    newest.map(({ user_id, balance, version }) => [user_id, balance, version]),
  ]);

/** Returns true if both summaries count the same accounts and balances. Times are not compared. */
export const isSameCount = (a: Summary, b: Summary): boolean => countAsText(a) === countAsText(b);

/**
 * Applies updates of one bucket in the order of their arrival. Returns the balances that have changed, and the summary,
 * which is the same object as before if the updates changed nothing.
 */
export function applyUpdates(
  stored: ReadonlyMap<string, Balance>,
  summary: Summary,
  updates: readonly Update[],
  decide: (current: Balance | undefined, update: Update) => UpdateResult = applyUpdate,
) {
  const changed = new Map<string, Balance>();
  const ignored = { stale: 0, duplicate: 0 };
  let { last_tick_at } = summary;
  for (const update of updates) {
    const result = decide(changed.get(update.user_id) ?? stored.get(update.user_id), update);
    if (typeof result === 'string') ignored[result] += 1;
    else changed.set(result.user_id, result);
    // A stale update of a tick counts too: the tick took place.
    if (update.byTick) last_tick_at = laterTime(last_tick_at, update.updated_at);
  }
  const isSame = changed.size === 0 && last_tick_at === summary.last_tick_at;
  return {
    summary: isSame ? summary : { ...replaceInSummary(summary, stored, changed), last_tick_at },
    changed: [...changed.values()],
    stale: ignored.stale,
    duplicates: ignored.duplicate,
  };
}

export type DriftKind = 'wrong' | 'behind' | 'missing' | 'ahead';

/** An update in transit arrives within this time. One that takes longer counts as lost. */
const MAX_LAG_MS = 60_000;

/** Compares a balance with the ledger's account. An update that may still be in transit is no drift. */
export function detectDrift(account: Balance, balance: Balance | undefined, nowMs: number): DriftKind | undefined {
  const isOverdue = nowMs - Date.parse(account.updated_at) > MAX_LAG_MS;
  if (!balance) return isOverdue ? 'missing' : undefined;
  if (balance.version > account.version) return 'ahead';
  if (balance.version < account.version) return isOverdue ? 'behind' : undefined;
  return balance.balance === account.balance ? undefined : 'wrong';
}
