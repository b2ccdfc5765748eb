import type { EventOf } from '../../events/envelope.ts';
import { BalancesUpdated } from '../../events/payments/balances-updated.ts';
import type { TickPlanned } from '../../events/payments/tick-planned.ts';
import { iso } from '../shared/clock.ts';
import { commit, type Unit } from '../shared/commit.ts';
import { AlreadyDone } from '../shared/errors.ts';
import { count, logger } from '../shared/observability.ts';
import { causeOf } from '../shared/receipt.ts';
import { absent, type Item, type Key, type Reader, type Write } from '../shared/store.ts';
import { membersIn } from './enrolment.ts';
import { bulkFields, leftIn } from './entry-row.ts';
import { type Account, tickAll, tickAlone } from './ledger.ts';
import { accountKey, aloneKey, asAccount, balanceUpdated, chunkKey, tickKey, updateAccount } from './rows.ts';
import { changeOf } from './ticks.ts';

export type TickPlannedEvent = EventOf<typeof TickPlanned>;

/**
 * Six hours. The stream brings a record within a day whether or not it is still there; whoever has lost an update hears
 * the next one, or asks the ledger. For a million users fifteen days of these would be eight terabytes.
 */
const KEPT_FOR_S = 6 * 3600;

/** Whoever still has to have its turn alone. */
type Left = readonly string[];

/** A chunk has its turn in a tick: once, however often it is told, and not at all where it is told too late. */
export async function applyTick(unit: Unit, event: TickPlannedEvent): Promise<void> {
  const { tick, chunk, late_at } = event.data;
  const [entry, row] = await unit.store.getMany([tickKey(chunk, tick), chunkKey(chunk)]);
  // a tick that has begun goes on with those that it has left, however late it is
  if (entry) return goOn(unit, event, entry);
  if (unit.clock.now() > Date.parse(late_at)) {
    count('TicksDropped');
    logger.info('tick dropped', { tick, chunk, late_at });
    return;
  }
  const members = membersIn(row);
  if (members.length === 0) return;
  try {
    const left = await together(unit, event, new Members(members, tickKey(chunk, tick)));
    count('TicksApplied');
    count('TickLosers', left.length);
    await eachAlone(unit, event, left);
  } catch (error) {
    if (!(error instanceof AlreadyDone)) throw error;
    await goOn(unit, event, error.row as Item);
  }
}

/** The message comes again: behind a crash, some of those whom the entry names may still wait. */
async function goOn(unit: Unit, event: TickPlannedEvent, entry: Item): Promise<void> {
  count('Duplicates');
  await eachAlone(unit, event, leftIn(entry));
}

/** The members in one transaction, with the entry that is its receipt and names who was left. */
const together = (unit: Unit, event: TickPlannedEvent, members: Members): Promise<Left> =>
  commit(unit, async (read, moved) => {
    const { tick, chunk } = event.data;
    const { accounts: before, left } = await members.look(read, moved);
    const now = unit.clock.now();
    const entry_id = `tick:${tick}:${chunk}`;
    const what = { entry_id, chunk, ref: tick, at: iso(now), left };
    const { accounts, entry } = tickAll(before, (user) => changeOf(tick, user), what);
    const balances = accounts.map(({ user_id, balance, version }) => ({ user_id, balance, version }));
    const update = () => BalancesUpdated.make({ entry_id, chunk, balances }, causeOf(event, now));
    return {
      writes: [
        ...accounts.map((account) => updateAccount(account.version - 1, account)),
        { op: 'put', item: { ...tickKey(chunk, tick), ...bulkFields(entry) }, when: absent, decides: true },
      ],
      publish: balances.length > 0 ? [{ about: chunkKey(chunk).pk, events: [update()], keptForS: KEPT_FOR_S }] : [],
      result: left,
    };
  });

/** After so many refusals, whoever moved has its turn alone: an account debited all the time holds up none. */
const TRIES_TOGETHER = 2;

/** A chunk's accounts from one attempt to the next: read once, and again only where they moved. */
class Members {
  readonly #users: readonly string[];
  readonly #receipt: Key;
  readonly #accounts = new Map<string, Account>();
  readonly #left = new Set<string>();
  #refusals = 0;

  constructor(users: readonly string[], receipt: Key) {
    this.#users = users;
    this.#receipt = receipt;
  }

  async look(read: Reader, moved: readonly Key[]): Promise<{ accounts: Account[]; left: Left }> {
    this.#forget(moved);
    const here = this.#users.filter((user) => !this.#left.has(user));
    const unread = here.filter((user) => !this.#accounts.has(user));
    const rows = unread.length > 0 ? await read.getMany(unread.map(accountKey)) : [];
    for (const account of rows.map(asAccount)) if (account) this.#accounts.set(account.user_id, account);
    return { accounts: here.flatMap((user) => this.#accounts.get(user) ?? []), left: [...this.#left] };
  }

  #forget(moved: readonly Key[]): void {
    if (moved.length === 0) return;
    this.#refusals += 1;
    const names = new Set(moved.map(({ pk, sk }) => `${pk} ${sk}`));
    const isAmong = ({ pk, sk }: Key) => names.has(`${pk} ${sk}`);
    // with the receipt among them, the engine refuses everything: that is no account's doing
    const leaves = this.#refusals >= TRIES_TOGETHER && !isAmong(this.#receipt);
    for (const user of [...this.#accounts.keys()].filter((one) => isAmong(accountKey(one)))) {
      this.#accounts.delete(user);
      if (leaves) this.#left.add(user);
    }
  }
}

const nothing = (receipt: Key, tick: string, at: string): Write => ({
  op: 'put',
  item: { ...receipt, reason: 'tick', ref: tick, at, amount: 0 },
  when: absent,
});

/** Side by side, and each of them to its end: one that is busy must not cut the others short. */
async function eachAlone(unit: Unit, event: TickPlannedEvent, left: Left): Promise<void> {
  const ends = await Promise.allSettled(left.map((user) => alone(unit, event, user)));
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed) throw failed.reason;
}

/** One account by itself, for as long as there is time. Its own entry is its receipt, also where it says nothing. */
async function alone(unit: Unit, event: TickPlannedEvent, user: string): Promise<void> {
  const { tick, chunk } = event.data;
  const receipt = aloneKey(user, tick);
  const entry_id = `tick:${tick}:${chunk}:${user}`;
  await commit(unit, async (read) => {
    const [done, row] = await read.getMany([receipt, accountKey(user)]);
    const account = asAccount(row);
    const now = unit.clock.now();
    if (!account || done) return { writes: [], result: undefined };
    const moved = tickAlone(account, changeOf(tick, user), entry_id, tick, iso(now));
    // told again, it must not take what was not there when it had its turn
    if (!moved) return { writes: [nothing(receipt, tick, iso(now))], result: undefined };
    return {
      writes: [
        updateAccount(account.version, moved.account),
        // one that is there by now stands under another version of the account: the plan looks again, and finds it
        { op: 'put', item: { ...receipt, ...moved.entry }, when: absent },
      ],
      publish: [
        {
          about: receipt.pk,
          events: [balanceUpdated(moved.account, entry_id, causeOf(event, now))],
          keptForS: KEPT_FOR_S,
        },
      ],
      result: undefined,
    };
  });
}
