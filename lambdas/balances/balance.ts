/** An account's balance as it was last heard of. At version 0 it was opened, and none was stated yet. */
export interface Balance {
  readonly user_id: string;
  readonly balance: number;
  readonly version: number;
  readonly updated_at: string;
}

/** What is said of one account: that it was opened, or a balance of it. */
export interface Update extends Balance {
  /** The clock made this change, and nobody's order or deposit. */
  readonly byTick?: boolean;
}

/** The accounts of one bucket in a few numbers, so that nobody has to read all of them. */
export interface Summary {
  /** Accounts that were opened. Whoever has a balance was, though nobody may have said so yet. */
  readonly users: number;
  /** Accounts with a balance that was ever stated. */
  readonly balances: number;
  /** Ten accounts at the most that one may hold pass 2^53. */
  readonly sum: bigint;
  readonly newest: readonly Balance[];
  readonly last_tick_at?: string | undefined;
}

/** So many changes are kept of each bucket: as many are right of all of them together, and a row stays below 1 KB. */
export const NEWEST = 10;

export const emptySummary: Summary = { users: 0, balances: 0, sum: 0n, newest: [] };

/** What an account's next view is; or why it stays as it is. */
export type UpdateResult = Balance | 'stale' | 'duplicate';

const laterOf = (one: string | undefined, other: string): string => (one === undefined || other > one ? other : one);

/**
 * The newest version is true, in whatever order they come. Its time does not go back, though clocks differ by a little:
 * an account would fall behind others that the newest have no place for.
 */
export function applyUpdate(
  view: Balance | undefined,
  { user_id, balance, version, updated_at }: Update,
): UpdateResult {
  if (!view || version > view.version)
    return { user_id, balance, version, updated_at: laterOf(view?.updated_at, updated_at) };
  return version === view.version ? 'duplicate' : 'stale';
}

/** The same by the ledger's own word, which is right about the balance at a version that was heard of, too. */
export function applyCorrection(view: Balance | undefined, truth: Balance): UpdateResult {
  const isWrong = view?.version === truth.version && view.balance !== truth.balance;
  return isWrong ? { ...view, balance: truth.balance } : applyUpdate(view, truth);
}

const hasBalance = ({ version }: Balance): boolean => version > 0;

const newestFirst = (one: Balance, other: Balance): number => {
  if (one.updated_at !== other.updated_at) return one.updated_at > other.updated_at ? -1 : 1;
  return one.user_id < other.user_id ? -1 : 1;
};

const newestOf = (views: readonly Balance[]): Balance[] =>
  views.filter(hasBalance).toSorted(newestFirst).slice(0, NEWEST);

/** The summary after some of its accounts have changed: each in place of what it was. */
function replace(summary: Summary, before: ReadonlyMap<string, Balance>, after: ReadonlyMap<string, Balance>): Summary {
  const now = [...after.values()];
  const then = now.flatMap(({ user_id }) => before.get(user_id) ?? []);
  const [added, removed] = [summarize(now), summarize(then)];
  return {
    ...summary,
    users: summary.users + added.users - removed.users,
    balances: summary.balances + added.balances - removed.balances,
    sum: summary.sum + added.sum - removed.sum,
    newest: newestOf([...summary.newest.filter(({ user_id }) => !after.has(user_id)), ...now]),
  };
}

/** The summary of these accounts by counting them. Of the clock's last change they say nothing. */
export const summarize = (views: readonly Balance[]): Summary => ({
  users: views.length,
  balances: views.filter(hasBalance).length,
  sum: views.reduce((sum, { balance }) => sum + BigInt(balance), 0n),
  newest: newestOf(views),
});

/** Several buckets as one. */
export const merge = (summaries: readonly Summary[]): Summary => ({
  users: summaries.reduce((sum, { users }) => sum + users, 0),
  balances: summaries.reduce((sum, { balances }) => sum + balances, 0),
  sum: summaries.reduce((sum, one) => sum + one.sum, 0n),
  newest: newestOf(summaries.flatMap(({ newest }) => newest)),
  last_tick_at: summaries
    .flatMap(({ last_tick_at }) => last_tick_at ?? [])
    .reduce<string | undefined>(laterOf, undefined),
});

const textOf = ({ users, balances, sum, newest }: Summary): string =>
  JSON.stringify([users, balances, String(sum), newest.map((one) => [one.user_id, one.balance, one.version])]);

/** Whether both count the same. When the clock last changed something is no count. */
export const isSameCount = (one: Summary, other: Summary): boolean => textOf(one) === textOf(other);

export interface BucketChange {
  /** The very same where nothing has changed it. */
  readonly summary: Summary;
  /** The accounts that have changed, as they are now. */
  readonly changed: readonly Balance[];
  readonly stale: number;
  readonly duplicates: number;
}

/** Many updates of one bucket, in the order in which they came, as one change of its rows. */
export function applyUpdates(
  views: ReadonlyMap<string, Balance>,
  summary: Summary,
  updates: readonly Update[],
  decide: (view: Balance | undefined, update: Update) => UpdateResult = applyUpdate,
): BucketChange {
  const changed = new Map<string, Balance>();
  const ignored = { stale: 0, duplicate: 0 };
  let { last_tick_at } = summary;
  for (const update of updates) {
    const heard = decide(changed.get(update.user_id) ?? views.get(update.user_id), update);
    if (typeof heard === 'string') ignored[heard] += 1;
    else changed.set(heard.user_id, heard);
    // also of one that came too late for every account: the clock did move
    if (update.byTick) last_tick_at = laterOf(last_tick_at, update.updated_at);
  }
  const isSame = changed.size === 0 && last_tick_at === summary.last_tick_at;
  return {
    summary: isSame ? summary : { ...replace(summary, views, changed), last_tick_at },
    changed: [...changed.values()],
    stale: ignored.stale,
    duplicates: ignored.duplicate,
  };
}

export type DriftKind = 'wrong' | 'behind' | 'missing' | 'ahead';

/** An update is on its way for no longer than this, or something is wrong. */
const MAX_LAG_MS = 60_000;

/** In what way a view is not what the ledger says. What may still be on its way is no drift. */
export function driftOf(account: Balance, view: Balance | undefined, now: number): DriftKind | undefined {
  const isDue = now - Date.parse(account.updated_at) > MAX_LAG_MS;
  if (!view) return isDue ? 'missing' : undefined;
  if (view.version > account.version) return 'ahead';
  if (view.version < account.version) return isDue ? 'behind' : undefined;
  return view.balance === account.balance ? undefined : 'wrong';
}
