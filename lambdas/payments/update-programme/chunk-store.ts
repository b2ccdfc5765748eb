import type { EventOf } from '../../../events/envelope.ts';
import { BalancesUpdated } from '../../../events/payments/balances-updated.ts';
import type { TickPlanned } from '../../../events/payments/tick-planned.ts';
import { causeOf } from '../../shared/messaging/receipt.ts';
import { toIso } from '../../shared/runtime/clock.ts';
import { count, logger } from '../../shared/runtime/observability.ts';
import { type CommitOutcome, commit, commitOnce, type UnitOfWork } from '../../shared/store/commit.ts';
import { absent, type Key, type Reader, type Row, type Write } from '../../shared/store/store.ts';
import { parseDeferred, toBulkRow } from '../entry-row.ts';
import { type Account, postTickToAccount, postTickToChunk } from '../ledger.ts';
import {
  accountKey,
  accountTickKey,
  chunkKey,
  createBalancesUpdated,
  parseAccount,
  tickKey,
  updateAccount,
} from '../rows.ts';
import { parseMembers } from './enrolment.ts';
import { changeOf } from './tick.ts';

export type TickPlannedEvent = EventOf<typeof TickPlanned>;

/**
 * Six hours. The stream brings a record within a day whether or not it is still there; whoever has lost an update hears
 * the next one, or asks the ledger. For a million users fifteen days of these would be eight terabytes.
 */
const TICK_TTL_SECONDS = 6 * 3600;

/** Whoever still has to have its turn alone. */
type DeferredUsers = readonly string[];

/** A chunk has its turn in a tick: once, however often it is told, and not at all where it is told too late. */
export async function applyTick(unit: UnitOfWork, event: TickPlannedEvent): Promise<void> {
  const { tick, chunk, deadline_at } = event.data;
  const [entry, row] = await unit.store.getMany([tickKey(chunk, tick), chunkKey(chunk)]);
  // a tick that has begun goes on with those that it has left, however late it is
  if (entry) return resumeTick(unit, event, entry);
  if (unit.clock.now() > Date.parse(deadline_at)) {
    count('TicksDropped');
    logger.info('tick dropped', { tick, chunk, deadline_at });
    return;
  }
  const members = parseMembers(row);
  if (members.length === 0) return;
  const { result: deferred, existing } = await applyToChunk(
    unit,
    event,
    new ChunkAccounts(members, tickKey(chunk, tick)),
  );
  if (existing) return resumeTick(unit, event, existing);
  count('TicksApplied');
  count('TickAccountsDeferred', deferred.length);
  await applyToDeferred(unit, event, deferred);
}

/** The message comes again: behind a crash, some of those whom the entry names may still wait. */
async function resumeTick(unit: UnitOfWork, event: TickPlannedEvent, entry: Row): Promise<void> {
  count('Duplicates');
  await applyToDeferred(unit, event, parseDeferred(entry));
}

/** The members in one transaction, with the entry that is its receipt and names who was left. */
const applyToChunk = (
  unit: UnitOfWork,
  event: TickPlannedEvent,
  members: ChunkAccounts,
): Promise<CommitOutcome<DeferredUsers>> =>
  commitOnce(unit, async (read, moved) => {
    const { tick, chunk } = event.data;
    const { accounts: before, left } = await members.look(read, moved);
    const now = unit.clock.now();
    const entry_id = `tick:${tick}:${chunk}`;
    const what = { entry_id, chunk, ref: tick, at: toIso(now), deferred: left };
    const { accounts, entry } = postTickToChunk(before, (user) => changeOf(tick, user), what);
    const balances = accounts.map(({ user_id, balance, version }) => ({ user_id, balance, version }));
    const update = () => BalancesUpdated.make({ entry_id, chunk, balances }, causeOf(event, now));
    return {
      writes: [
        ...accounts.map((account) => updateAccount(account.version - 1, account)),
        { op: 'put', row: { ...tickKey(chunk, tick), ...toBulkRow(entry) }, when: absent, decides: true },
      ],
      publish:
        balances.length > 0
          ? [{ aggregate: chunkKey(chunk).pk, events: [update()], ttlSeconds: TICK_TTL_SECONDS }]
          : [],
      result: left,
    };
  });

/** After so many refusals, whoever moved has its turn alone: an account debited all the time holds up none. */
const MAX_CHUNK_REFUSALS = 2;

/** A chunk's accounts from one attempt to the next: read once, and again only where they moved. */
class ChunkAccounts {
  readonly #users: readonly string[];
  readonly #receipt: Key;
  readonly #accounts = new Map<string, Account>();
  readonly #left = new Set<string>();
  #refusals = 0;

  constructor(users: readonly string[], receipt: Key) {
    this.#users = users;
    this.#receipt = receipt;
  }

  async look(read: Reader, moved: readonly Key[]): Promise<{ accounts: Account[]; left: DeferredUsers }> {
    this.#forget(moved);
    const here = this.#users.filter((user) => !this.#left.has(user));
    const unread = here.filter((user) => !this.#accounts.has(user));
    const rows = unread.length > 0 ? await read.getMany(unread.map(accountKey)) : [];
    for (const account of rows.map(parseAccount)) if (account) this.#accounts.set(account.user_id, account);
    return { accounts: here.flatMap((user) => this.#accounts.get(user) ?? []), left: [...this.#left] };
  }

  #forget(moved: readonly Key[]): void {
    if (moved.length === 0) return;
    this.#refusals += 1;
    const names = new Set(moved.map(({ pk, sk }) => `${pk} ${sk}`));
    const isAmong = ({ pk, sk }: Key) => names.has(`${pk} ${sk}`);
    // with the receipt among them, the engine refuses everything: that is no account's doing
    const leaves = this.#refusals >= MAX_CHUNK_REFUSALS && !isAmong(this.#receipt);
    for (const user of [...this.#accounts.keys()].filter((one) => isAmong(accountKey(one)))) {
      this.#accounts.delete(user);
      if (leaves) this.#left.add(user);
    }
  }
}

const emptyEntry = (receipt: Key, tick: string, at: string): Write => ({
  op: 'put',
  row: { ...receipt, reason: 'tick', ref: tick, at, amount: 0 },
  when: absent,
});

/** Side by side, and each of them to its end: one that is busy must not cut the others short. */
async function applyToDeferred(unit: UnitOfWork, event: TickPlannedEvent, left: DeferredUsers): Promise<void> {
  const ends = await Promise.allSettled(left.map((user) => applyToAccount(unit, event, user)));
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed) throw failed.reason;
}

/** One account by itself, for as long as there is time. Its own entry is its receipt, also where it says nothing. */
async function applyToAccount(unit: UnitOfWork, event: TickPlannedEvent, user: string): Promise<void> {
  const { tick, chunk } = event.data;
  const receipt = accountTickKey(user, tick);
  const entry_id = `tick:${tick}:${chunk}:${user}`;
  await commit(unit, async (read) => {
    const [done, row] = await read.getMany([receipt, accountKey(user)]);
    const account = parseAccount(row);
    const now = unit.clock.now();
    if (!account || done) return { writes: [], result: undefined };
    const moved = postTickToAccount(account, changeOf(tick, user), entry_id, tick, toIso(now));
    // told again, it must not take what was not there when it had its turn
    if (!moved) return { writes: [emptyEntry(receipt, tick, toIso(now))], result: undefined };
    return {
      writes: [
        updateAccount(account.version, moved.account),
        // one that is there by now stands under another version of the account: the plan looks again, and finds it
        { op: 'put', row: { ...receipt, ...moved.entry }, when: absent },
      ],
      publish: [
        {
          aggregate: receipt.pk,
          events: [createBalancesUpdated(moved.account, entry_id, causeOf(event, now))],
          ttlSeconds: TICK_TTL_SECONDS,
        },
      ],
      result: undefined,
    };
  });
}
