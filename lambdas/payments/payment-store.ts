import * as z from 'zod/mini';
import type { EventOf } from '../../events/envelope.ts';
import type { OrderCreated } from '../../events/orders/order-created.ts';
import type { RefundRequested } from '../../events/orders/refund-requested.ts';
import { bucketOf } from '../../events/payments/bucket.ts';
import { PaymentAuthorized } from '../../events/payments/payment-authorized.ts';
import { DeclineReason, PaymentDeclined } from '../../events/payments/payment-declined.ts';
import { PaymentRefunded } from '../../events/payments/payment-refunded.ts';
import { answerAgain } from '../shared/answer-again.ts';
import { iso } from '../shared/clock.ts';
import { commit, type Unit } from '../shared/commit.ts';
import { AlreadyDone, Rejected } from '../shared/errors.ts';
import { type Death, graveOf } from '../shared/grave.ts';
import { type Making, sameRequest } from '../shared/idempotency.ts';
import { logger } from '../shared/observability.ts';
import type { Outgoing } from '../shared/outbox.ts';
import { type Call, causeOf } from '../shared/receipt.ts';
import { absent, type Item, type Key, type Store, versionIs, type Write } from '../shared/store.ts';
import { type Account, type Decision, deposit, type Entry, openAccount, refund, settle } from './ledger.ts';
import { entriesByAccount } from './table.ts';

export type OrderCreatedEvent = EventOf<typeof OrderCreated>;
export type RefundRequestedEvent = EventOf<typeof RefundRequested>;

const accountKey = (userId: string): Key => ({ pk: `ACCOUNT#${userId}`, sk: 'STATE' });
const depositKey = (id: string): Key => ({ pk: `DEPOSIT#${id}`, sk: 'ENTRY' });
const refundKey = (orderId: string): Key => ({ pk: `ORDER#${orderId}`, sk: 'REFUND' });
const paymentKey = (orderId: string): Key => ({ pk: `ORDER#${orderId}`, sk: 'PAYMENT' });

/** A thing that was made, or the same one that this very request made before. */
export interface Made<T> {
  readonly made: T;
  readonly replayed: boolean;
}

/** Accounts and the journal. The only place that knows their keys. */
export function paymentStore(unit: Unit) {
  const { store } = unit;
  return {
    open: (userId: string, making: Making) => open(unit, userId, making),
    deposit: (userId: string, amount: number, making: Making) => addDeposit(unit, userId, amount, making),
    account: async (userId: string): Promise<Account> =>
      asAccount(await store.get(accountKey(userId))) ?? unknownAccount(userId),
    /** The statement, newest first. An index: it may lag by a moment. */
    entries: (userId: string, page: { below?: number; limit: number }): Promise<Entry[]> =>
      entries(store, userId, page),
    /** Decides the bills that wait for one account's money: all of them in one transaction. */
    pay: (events: readonly OrderCreatedEvent[], call: Call) => pay(unit, events, call),
    /** Notes that an event about an order is in a DLQ. */
    mourn: (event: OrderCreatedEvent | RefundRequestedEvent, death: Death) =>
      commit(unit, async () => ({
        writes: [graveOf(paymentKey(event.data.order_id).pk, event, death, unit.clock.now())],
        result: undefined,
      })),
    /** Gives back what an order took: exactly that, and once. */
    refund: (event: RefundRequestedEvent, call: Call) => giveBack(unit, event, call),
  };
}
export type PaymentStore = ReturnType<typeof paymentStore>;

async function open(unit: Unit, userId: string, making: Making): Promise<Made<{ user_id: string; balance: number }>> {
  const opened = { user_id: userId, balance: 0 };
  try {
    return await commit(unit, async () => {
      const account = openAccount(userId, iso(unit.clock.now()));
      const made = { bucket: bucketOf(userId), opened_by: making.id, body_hash: making.body_hash };
      const item = { ...accountKey(userId), ...account, ...made };
      return { writes: [{ op: 'put', item, when: absent, decides: true }], result: { made: opened, replayed: false } };
    });
  } catch (error) {
    if (!(error instanceof AlreadyDone)) throw error;
    if (error.row['opened_by'] !== making.id) throw new Rejected('account_exists', `${userId} has an account already`);
    sameRequest(error.row, making);
    return { made: opened, replayed: making.keyed };
  }
}

async function addDeposit(
  unit: Unit,
  userId: string,
  amount: number,
  making: Making,
): Promise<Made<{ user_id: string; balance: number }>> {
  return commit(unit, async (read) => {
    const [row, done] = await read.getMany([accountKey(userId), depositKey(making.id)]);
    if (done) {
      sameRequest(done, making);
      return {
        writes: [],
        result: { made: { user_id: userId, balance: Number(done['balance_after']) }, replayed: making.keyed },
      };
    }
    const account = asAccount(row) ?? unknownAccount(userId);
    const moved = deposit(account, amount, making.id, iso(unit.clock.now()));
    if (!moved)
      throw new Rejected('balance_limit', `the balance of ${userId} would pass what an account may hold`, 422);
    const { entry } = moved;
    return {
      writes: [
        updateAccount(account, moved.account),
        append(depositKey(making.id), entry, { body_hash: making.body_hash }),
      ],
      result: { made: { user_id: userId, balance: entry.balance_after }, replayed: false },
    };
  });
}

async function entries(
  store: Store,
  userId: string,
  { below, limit }: { below?: number; limit: number },
): Promise<Entry[]> {
  const rows = await store.query({
    hash: userId,
    index: entriesByAccount,
    newestFirst: true,
    limit,
    ...(below === undefined ? {} : { below }),
  });
  // an index of an account that is not there looks like one without entries
  if (rows.length === 0 && !(await store.get(accountKey(userId)))) unknownAccount(userId);
  return rows as unknown as Entry[];
}

async function pay(unit: Unit, events: readonly OrderCreatedEvent[], call: Call): Promise<void> {
  const waiting = [...new Map(events.map((event) => [event.data.order_id, event])).values()];
  const [first] = waiting;
  if (!first) return;
  const decidedBefore = await commit(unit, async (read) => {
    const [account, ...decisions] = await read.getMany([
      accountKey(first.data.user_id),
      ...waiting.map(({ data }) => paymentKey(data.order_id)),
    ]);
    const undecided = waiting.filter((_, at) => !decisions[at]);
    return {
      ...settleAll(asAccount(account), undecided, iso(unit.clock.now()), call),
      result: new Map(decisions.flatMap((decision) => (decision ? [[decision.pk, decision] as const] : []))),
    };
  });
  logger.info('bills settled', {
    user_id: first.data.user_id,
    paid_or_declined: waiting.length - decidedBefore.size,
  });
  // of every message, not of every order: a nudge is answered even where a duplicate waits beside it
  for (const event of events) {
    const decision = decidedBefore.get(paymentKey(event.data.order_id).pk);
    if (decision) await answerAgain(unit, event, () => answerTo(event, decision, iso(unit.clock.now())));
  }
}

/** One update of the account, and for each order its decision row and its answer. */
function settleAll(account: Account | undefined, orders: readonly OrderCreatedEvent[], at: string, call: Call) {
  const bills = orders.map((event) => ({ ...event.data, event }));
  const { account: after, decisions } = settle(account, bills, at);
  const rows = decisions.map((decision) => ({ event: decision.bill.event, row: decisionRow(decision, at, call) }));
  return {
    writes: [
      ...(account && after && after.version > account.version ? [updateAccount(account, after)] : []),
      // a decision that is there by now belongs to one order only: the others are decided anew, so it ends nothing
      ...rows.map(({ row }): Write => ({ op: 'put', item: row, when: absent })),
    ],
    publish: rows.map(({ event, row }) => answerTo(event, row, at)),
  };
}

/** The row that makes a redelivery harmless for ever: a capture's is its journal entry, a refusal's holds the reason. */
function decisionRow(decision: Decision<OrderCreated & { event: OrderCreatedEvent }>, at: string, call: Call): Item {
  const { bill } = decision;
  const asked = { order_id: bill.order_id, user_id: bill.user_id, receipts: call.receiptOf(bill.event) };
  return decision.decided === 'authorized'
    ? { ...paymentKey(bill.order_id), ...asked, decided: 'authorized', ...decision.entry }
    : {
        ...paymentKey(bill.order_id),
        ...asked,
        decided: 'declined',
        declined: decision.reason,
        billed: bill.amount,
        at,
      };
}

/** What a decision row says, whoever asks. */
const PaymentDecision = z.discriminatedUnion('decided', [
  z.object({ decided: z.literal('authorized'), amount: z.number(), balance_after: z.number() }),
  z.object({ decided: z.literal('declined'), billed: z.number(), declined: DeclineReason }),
]);
export type PaymentDecision = z.infer<typeof PaymentDecision>;

const asDecision = (row: Item): PaymentDecision => PaymentDecision.parse(row);

/** The same answer each time that it is read from the row, and so under the same id. */
function answerTo(event: OrderCreatedEvent, row: Item, at: string): Outgoing {
  const { order_id, user_id, items } = event.data;
  const cause = causeOf(event, Date.parse(at));
  const decision = asDecision(row);
  const answer =
    decision.decided === 'authorized'
      ? PaymentAuthorized.make(
          { order_id, user_id, amount: -decision.amount, balance_after: decision.balance_after, items },
          cause,
        )
      : PaymentDeclined.make({ order_id, user_id, amount: decision.billed, reason: decision.declined }, cause);
  return { about: row.pk, events: [answer] };
}

/** By the entry of the capture, and not by what the event says: nothing else was taken. */
async function giveBack(unit: Unit, event: RefundRequestedEvent, call: Call): Promise<void> {
  const { order_id, user_id } = event.data;
  const answer = (row: Item): Outgoing => {
    const data = { order_id, user_id, amount: Number(row['amount']), balance_after: Number(row['balance_after']) };
    return { about: row.pk, events: [PaymentRefunded.make(data, causeOf(event, unit.clock.now()))] };
  };
  const before = await commit(unit, async (read) => {
    const keys = [accountKey(user_id), paymentKey(order_id), refundKey(order_id)];
    const [accountRow, payment, done] = await read.getMany(keys);
    if (done) return { writes: [], result: done };
    const account = asAccount(accountRow);
    const capture = payment && asDecision(payment);
    if (!account || capture?.decided !== 'authorized')
      throw new Rejected('nothing_to_refund', `nothing was taken for the order ${order_id}`);
    const moved = refund(account, -capture.amount, order_id, iso(unit.clock.now()));
    const row = { ...refundKey(order_id), order_id, user_id, receipts: call.receiptOf(event), ...moved.entry };
    return {
      writes: [updateAccount(account, moved.account), { op: 'put', item: row, when: absent, decides: true }],
      publish: [answer(row)],
      result: undefined,
    };
  });
  if (before) await answerAgain(unit, event, () => answer(before));
}

const append = (key: Key, entry: Entry, request: { body_hash: string }): Write => ({
  op: 'put',
  item: { ...key, ...entry, ...request },
  when: absent,
});

const updateAccount = (before: Account, { balance, version, updated_at }: Account): Write => ({
  op: 'update',
  key: accountKey(before.user_id),
  set: { balance, version, updated_at },
  when: versionIs(before.version),
});

function asAccount(row: Item | undefined): Account | undefined {
  if (!row) return undefined;
  const { user_id, balance, version, updated_at } = row;
  return {
    user_id: String(user_id),
    balance: Number(balance),
    version: Number(version),
    updated_at: String(updated_at),
  };
}

function unknownAccount(userId: string): never {
  throw new Rejected('account_not_found', `${userId} has no account`, 404);
}
