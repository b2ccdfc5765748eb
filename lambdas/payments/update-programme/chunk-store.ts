import type { EventOf } from '../../../events/envelope.ts';
import { BalancesUpdated } from '../../../events/payments/balances-updated.ts';
import type { TickPlanned } from '../../../events/payments/tick-planned.ts';
import { causeOf } from '../../shared/messaging/receipt.ts';
import { toIso } from '../../shared/runtime/clock.ts';
import { Busy } from '../../shared/runtime/errors.ts';
import { count, logger } from '../../shared/runtime/observability.ts';
import { type CommitOutcome, commit, commitOnce, type UnitOfWork } from '../../shared/store/commit.ts';
import { absent, type Key, type Reader } from '../../shared/store/store.ts';
import { accountKey, createBalancesUpdated, parseAccount, updateAccount } from '../account-row.ts';
import { parseDeferred, toBulkRow } from '../entry-row.ts';
import { type Account, PROGRAMME_UPDATES, postTick } from '../ledger.ts';
import { boundedChange, postBulk } from './bulk-ledger.ts';
import { accountTickKey, chunkKey, parseMembers, tickKey } from './chunk-row.ts';
import { drawChange } from './tick.ts';

export type TickPlannedEvent = EventOf<typeof TickPlanned>;

/**
 * Six hours, instead of 15 days. The stream delivers a record within a day whether or not its row still exists, and a
 * consumer that lost an update gets the next one, or asks the ledger. For a million users, the records of 15 days would
 * take eight terabytes.
 */
const TICK_TTL_SECONDS = 6 * 3600;

/**
 * A write without a response may be applied after its message was requeued. So a message that was received before is
 * dropped only when no such write can still be on its way. Otherwise nobody would update the accounts that it defers.
 */
const LATE_WRITE_MS = 30_000;

/** The users whose accounts are deferred, and so updated one by one. */
type DeferredUsers = readonly string[];

/** Updates the accounts of a chunk once for each tick. A message that is received after its deadline is dropped. */
export async function applyTick(work: UnitOfWork, event: TickPlannedEvent, receiveCount = 1): Promise<void> {
  const { tick, chunk, deadline_at } = event.data;
  const [entry, chunkRow] = await work.store.getMany([tickKey(chunk, tick), chunkKey(chunk)]);
  // The deadline is for the start. A tick that has started is completed, however late it is.
  if (entry) return resumeTick(work, event, parseDeferred(entry));
  const lateMs = work.clock.now() - Date.parse(deadline_at);
  if (lateMs > 0) {
    if (lateMs <= LATE_WRITE_MS && receiveCount > 1)
      throw new Busy('an earlier write of this tick may still be applied');
    count('TicksDropped');
    logger.info('tick dropped', { tick, chunk, deadline_at });
    return;
  }
  const members = parseMembers(chunkRow);
  if (members.length === 0) return;
  const accounts = new ChunkAccounts(members, tickKey(chunk, tick));
  const { result: deferred, existing } = await applyToChunk(work, event, accounts);
  if (existing) return resumeTick(work, event, parseDeferred(existing));
  count('TicksApplied');
  count('TickAccountsDeferred', deferred.length);
  await applyToDeferred(work, event, deferred);
}

/** Completes a tick whose entry exists. After a crash, some of the accounts that it defers may not be updated yet. */
async function resumeTick(work: UnitOfWork, event: TickPlannedEvent, deferred: DeferredUsers): Promise<void> {
  count('Duplicates');
  await applyToDeferred(work, event, deferred);
}

/** Updates the accounts in one transaction. Its entry serves as the receipt, and names the deferred users. */
const applyToChunk = (
  work: UnitOfWork,
  event: TickPlannedEvent,
  chunkAccounts: ChunkAccounts,
): Promise<CommitOutcome<DeferredUsers>> =>
  commitOnce(work, async (read, movedKeys) => {
    const { tick, chunk } = event.data;
    const { accounts: before, deferred } = await chunkAccounts.read(read, movedKeys);
    const now = work.clock.now();
    const entry_id = `tick:${tick}:${chunk}`;
    const header = { entry_id, chunk, reason: 'tick', ref: tick, at: toIso(now), deferred } as const;
    const { accounts, entry } = postBulk(before, (userId) => drawChange(tick, userId), {
      ...header,
      counterparty: PROGRAMME_UPDATES,
    });
    const balances = accounts.map(({ user_id, balance, version }) => ({ user_id, balance, version }));
    const createUpdate = () => BalancesUpdated.make({ entry_id, chunk, balances }, causeOf(event, now));
    return {
      writes: [
        ...accounts.map((account) => updateAccount(account.version - 1, account)),
        { op: 'put', row: { ...tickKey(chunk, tick), ...toBulkRow(entry) }, when: absent, decides: true },
      ],
      publish:
        balances.length > 0
          ? [{ aggregate: chunkKey(chunk).pk, events: [createUpdate()], ttlSeconds: TICK_TTL_SECONDS }]
          : [],
      result: deferred,
    };
  });

/** From this refusal on, accounts that have moved are deferred, so that one busy account does not hold up its chunk. */
const MAX_CHUNK_REFUSALS = 2;

/**
 * The accounts of a chunk across the attempts of one commit. Each is read once, and again only after it has moved. They
 * are of different moments, which is harmless: each is written under its own version.
 */
class ChunkAccounts {
  readonly #users: readonly string[];
  readonly #receipt: Key;
  readonly #accounts = new Map<string, Account>();
  readonly #deferred = new Set<string>();
  #refusals = 0;

  constructor(users: readonly string[], receipt: Key) {
    this.#users = users;
    this.#receipt = receipt;
  }

  /** Returns the accounts to update in this attempt, and the users that are deferred by now. */
  async read(reader: Reader, movedKeys: readonly Key[]): Promise<{ accounts: Account[]; deferred: DeferredUsers }> {
    if (movedKeys.length > 0) this.#forgetMoved(movedKeys);
    const remaining = this.#users.filter((user) => !this.#deferred.has(user));
    const unread = remaining.filter((user) => !this.#accounts.has(user));
    const rows = unread.length > 0 ? await reader.getMany(unread.map(accountKey)) : [];
    for (const account of rows.map(parseAccount)) if (account) this.#accounts.set(account.user_id, account);
    return { accounts: remaining.flatMap((user) => this.#accounts.get(user) ?? []), deferred: [...this.#deferred] };
  }

  #forgetMoved(movedKeys: readonly Key[]): void {
    this.#refusals += 1;
    const keyText = ({ pk, sk }: Key) => `${pk} ${sk}`;
    const moved = new Set(movedKeys.map(keyText));
    // If the receipt is among the refused rows, the engine refused the whole transaction, and no account is the reason.
    const defers = this.#refusals >= MAX_CHUNK_REFUSALS && !moved.has(keyText(this.#receipt));
    for (const user of this.#users.filter((user) => moved.has(keyText(accountKey(user))))) {
      this.#accounts.delete(user);
      if (defers) this.#deferred.add(user);
    }
  }
}

/** Updates the deferred accounts concurrently and waits for all of them, so that a busy account stops no other. */
async function applyToDeferred(work: UnitOfWork, event: TickPlannedEvent, deferred: DeferredUsers): Promise<void> {
  const results = await Promise.allSettled(deferred.map((user) => applyToAccount(work, event, user)));
  const failure = results.find((result) => result.status === 'rejected');
  if (failure) throw failure.reason;
}

/** Applies the tick to one account, retrying until the deadline. Its entry is the receipt, even if the amount is 0. */
async function applyToAccount(work: UnitOfWork, event: TickPlannedEvent, user: string): Promise<void> {
  const { tick, chunk } = event.data;
  const receipt = accountTickKey(user, tick);
  const entry_id = `tick:${tick}:${chunk}:${user}`;
  await commit(work, async (read) => {
    // If the receipt was written after it was read, it refuses the write, even if the account was read later.
    const [existing, row] = await read.getMany([receipt, accountKey(user)]);
    const before = parseAccount(row);
    if (!before || existing) return { writes: [], result: undefined };
    const now = work.clock.now();
    const at = toIso(now);
    const amount = boundedChange(before, drawChange(tick, user));
    // Without a receipt, a repeated message would take money that was not there when the tick was applied.
    if (amount === 0) {
      const emptyRow = { ...receipt, reason: 'tick', ref: tick, at, amount: 0 };
      return { writes: [{ op: 'put', row: emptyRow, when: absent }], result: undefined };
    }
    const { account, entry } = postTick(before, amount, { entry_id, ref: tick, at });
    const update = createBalancesUpdated(account, entry_id, causeOf(event, now));
    return {
      writes: [
        updateAccount(before.version, account),
        // The entry is not marked as deciding: if it exists by now, the plan runs again and finds it.
        { op: 'put', row: { ...receipt, ...entry }, when: absent },
      ],
      publish: [{ aggregate: receipt.pk, events: [update], ttlSeconds: TICK_TTL_SECONDS }],
      result: undefined,
    };
  });
}
