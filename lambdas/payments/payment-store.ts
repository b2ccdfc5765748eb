import * as z from 'zod/mini';
import type { Envelope, EventOf } from '../../events/envelope.ts';
import type { OrderCreated } from '../../events/orders/order-created.ts';
import type { RefundRequested } from '../../events/orders/refund-requested.ts';
import { PaymentAuthorized } from '../../events/payments/payment-authorized.ts';
import { DeclineReason, PaymentDeclined } from '../../events/payments/payment-declined.ts';
import { PaymentRefunded } from '../../events/payments/payment-refunded.ts';
import { answerAgain } from '../shared/answer-again.ts';
import { iso } from '../shared/clock.ts';
import { commit, type Unit } from '../shared/commit.ts';
import { Rejected } from '../shared/errors.ts';
import { type Death, graveOf } from '../shared/grave.ts';
import type { Making } from '../shared/idempotency.ts';
import { logger } from '../shared/observability.ts';
import type { Outgoing } from '../shared/outbox.ts';
import { type Call, causeOf } from '../shared/receipt.ts';
import { absent, type Item, type Write } from '../shared/store.ts';
import { accountOf, addDeposit, type Opening, open } from './account-store.ts';
import { type Account, type Decision, refund, settle } from './ledger.ts';
import { accountKey, asAccount, balanceUpdated, paymentKey, refundKey, updateAccount } from './rows.ts';
import { type Place, statement } from './statement.ts';

export type OrderCreatedEvent = EventOf<typeof OrderCreated>;
export type RefundRequestedEvent = EventOf<typeof RefundRequested>;

/** Accounts, and the orders that are paid from them. */
export function paymentStore(unit: Unit) {
  const { store } = unit;
  return {
    open: (opening: Opening, making: Making, correlationId: string) => open(unit, opening, making, correlationId),
    deposit: (userId: string, amount: number, making: Making, correlationId: string) =>
      addDeposit(unit, userId, amount, making, correlationId),
    account: (userId: string): Promise<Account> => accountOf(store, userId),
    statement: (userId: string, page: { after?: Place | undefined; limit: number }) => statement(store, userId, page),
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

/** One update of the account, told with the last order that it pays, and for each order its decision row and its answer. */
function settleAll(account: Account | undefined, orders: readonly OrderCreatedEvent[], at: string, call: Call) {
  const bills = orders.map((event) => ({ ...event.data, event }));
  const { account: after, decisions } = settle(account, bills, at);
  const rows = decisions.map((decision) => ({ event: decision.bill.event, row: decisionRow(decision, at, call) }));
  const last = decisions.findLastIndex(({ decided }) => decided === 'authorized');
  return {
    writes: [
      ...(account && after && after.version > account.version ? [updateAccount(account.version, after)] : []),
      // a decision that is there by now belongs to one order only: the others are decided anew, so it ends nothing
      ...rows.map(({ row }): Write => ({ op: 'put', item: row, when: absent })),
    ],
    publish: rows.map(({ event, row }, place) => {
      const { about, events } = answerTo(event, row, at);
      const isLast = place === last && after;
      return { about, events: isLast ? [...events, updateOf(after, row, event, at)] : events };
    }),
  };
}

/** A nudge asks for an answer, not for the balance, which nobody needs to hear twice. */
const updateOf = (account: Account, row: Item, event: Envelope, at: string): Envelope =>
  balanceUpdated(account, String(row['entry_id']), { ...causeOf(event, Date.parse(at)), nudge: undefined });

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

/** By the entry of the capture, and not by what the event says: nothing else was taken, and from nobody else. */
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
    if (!account || capture?.decided !== 'authorized' || payment?.['user_id'] !== user_id)
      throw new Rejected('nothing_to_refund', `nothing was taken from ${user_id} for the order ${order_id}`);
    const at = iso(unit.clock.now());
    const moved = refund(account, -capture.amount, order_id, at);
    const row = { ...refundKey(order_id), order_id, user_id, receipts: call.receiptOf(event), ...moved.entry };
    const told = answer(row);
    return {
      writes: [updateAccount(account.version, moved.account), { op: 'put', item: row, when: absent, decides: true }],
      publish: [{ ...told, events: [...told.events, updateOf(moved.account, row, event, at)] }],
      result: undefined,
    };
  });
  if (before) await answerAgain(unit, event, () => answer(before));
}
