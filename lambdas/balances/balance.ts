/** An account's balance as it was last heard of. At version 0 it was opened, and none was stated yet. */
export interface View {
  readonly user_id: string;
  readonly balance: number;
  readonly version: number;
  readonly updated_at: string;
}

/** What is said of one account: that it was opened, or a balance of it. */
export interface Update extends View {
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
  readonly newest: readonly View[];
  readonly last_tick_at?: string | undefined;
}

/** So many changes are kept of each bucket: as many are right of all of them together, and a row stays below 1 KB. */
export const NEWEST = 10;

export const nobody: Summary = { users: 0, balances: 0, sum: 0n, newest: [] };

/** What an account's next view is; or why it stays as it is. */
export type Heard = View | 'stale' | 'duplicate';

/** The newest version is true, in whatever order they come. */
export function hear(view: View | undefined, { user_id, balance, version, updated_at }: Update): Heard {
  if (!view || version > view.version) return { user_id, balance, version, updated_at };
  return version === view.version ? 'duplicate' : 'stale';
}

/** The same by the ledger's own word, which is right about the balance at a version that was heard of, too. */
export function putRight(view: View | undefined, truth: View): Heard {
  const isWrong = view?.version === truth.version && view.balance !== truth.balance;
  return isWrong ? { ...view, balance: truth.balance } : hear(view, truth);
}

const hasBalance = ({ version }: View): boolean => version > 0;

const newestFirst = (one: View, other: View): number => {
  if (one.updated_at !== other.updated_at) return one.updated_at > other.updated_at ? -1 : 1;
  return one.user_id < other.user_id ? -1 : 1;
};

const newestOf = (views: readonly View[]): View[] => views.filter(hasBalance).toSorted(newestFirst).slice(0, NEWEST);

const later = (one: string | undefined, other: string | undefined): string | undefined =>
  one === undefined || (other !== undefined && other > one) ? other : one;

/** The summary after one of its accounts has changed. */
export function replace(summary: Summary, before: View | undefined, after: View): Summary {
  const others = summary.newest.filter(({ user_id }) => user_id !== after.user_id);
  return {
    ...summary,
    users: summary.users + (before ? 0 : 1),
    balances: summary.balances + Number(hasBalance(after)) - Number(before !== undefined && hasBalance(before)),
    sum: summary.sum + BigInt(after.balance) - BigInt(before?.balance ?? 0),
    newest: newestOf([...others, after]),
  };
}

/** The summary of these accounts by counting them. Of the clock's last change they say nothing. */
export const summarize = (views: readonly View[]): Summary => ({
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
  last_tick_at: summaries.reduce<string | undefined>((at, { last_tick_at }) => later(at, last_tick_at), undefined),
});

const textOf = ({ users, balances, sum, newest }: Summary): string =>
  JSON.stringify([users, balances, String(sum), newest.map((one) => [one.user_id, one.balance, one.version])]);

/** Whether both count the same. When the clock last changed something is no count. */
export const agree = (one: Summary, other: Summary): boolean => textOf(one) === textOf(other);

export interface Folded {
  /** The very same where nothing has changed it. */
  readonly summary: Summary;
  /** The accounts that have changed, as they are now. */
  readonly changed: readonly View[];
  readonly stale: number;
  readonly duplicates: number;
}

/** Many updates of one bucket, in the order in which they came, as one change of its rows. */
export function fold(
  views: ReadonlyMap<string, View>,
  summary: Summary,
  updates: readonly Update[],
  decide: (view: View | undefined, update: Update) => Heard = hear,
): Folded {
  const now = new Map(views);
  const changed = new Map<string, View>();
  const ignored = { stale: 0, duplicate: 0 };
  let next = summary;
  for (const update of updates) {
    const before = now.get(update.user_id);
    const heard = decide(before, update);
    if (typeof heard === 'string') ignored[heard] += 1;
    else {
      next = replace(next, before, heard);
      now.set(heard.user_id, heard);
      changed.set(heard.user_id, heard);
    }
    // also of one that came too late for every account: the clock did move
    if (update.byTick && later(next.last_tick_at, update.updated_at) !== next.last_tick_at)
      next = { ...next, last_tick_at: update.updated_at };
  }
  return { summary: next, changed: [...changed.values()], stale: ignored.stale, duplicates: ignored.duplicate };
}

export type DriftKind = 'wrong' | 'behind' | 'missing' | 'ahead';

/** An update is on its way for no longer than this, or something is wrong. */
const UNDER_WAY_MS = 60_000;

/** In what way a view is not what the ledger says. What may still be on its way is no drift. */
export function driftOf(account: View, view: View | undefined, now: number): DriftKind | undefined {
  const isDue = now - Date.parse(account.updated_at) > UNDER_WAY_MS;
  if (!view) return isDue ? 'missing' : undefined;
  if (view.version > account.version) return 'ahead';
  if (view.version < account.version) return isDue ? 'behind' : undefined;
  return view.balance === account.balance ? undefined : 'wrong';
}
