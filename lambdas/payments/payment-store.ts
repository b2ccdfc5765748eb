import * as z from 'zod/mini';
import type { Envelope, EventOf } from '../../events/envelope.ts';
import type { OrderCreated } from '../../events/orders/order-created.ts';
import type { RefundRequested } from '../../events/orders/refund-requested.ts';
import { PaymentAuthorized } from '../../events/payments/payment-authorized.ts';
import { DeclineReason, PaymentDeclined } from '../../events/payments/payment-declined.ts';
import { PaymentRefunded } from '../../events/payments/payment-refunded.ts';
import type { RequestIdentity } from '../shared/http/idempotency.ts';
import { type DeadLetter, recordDeadLetter } from '../shared/messaging/dead-letter.ts';
import { causeOf, type MessageContext } from '../shared/messaging/receipt.ts';
import { answerNudge } from '../shared/outbox/answer-nudge.ts';
import type { Publication } from '../shared/outbox/outbox-record.ts';
import { toIso } from '../shared/runtime/clock.ts';
import { Rejected } from '../shared/runtime/errors.ts';
import { logger } from '../shared/runtime/observability.ts';
import { commit, type UnitOfWork } from '../shared/store/commit.ts';
import { absent, type Row, type Write } from '../shared/store/store.ts';
import { type AccountRequest, depositOnce, openAccountOnce, readAccount } from './account-store.ts';
import { type Account, decidePayments, type PaymentDecision, refund } from './ledger.ts';
import { accountKey, createBalancesUpdated, parseAccount, paymentKey, refundKey, updateAccount } from './rows.ts';
import { readStatement, type StatementPosition } from './statement.ts';

export type OrderCreatedEvent = EventOf<typeof OrderCreated>;
export type RefundRequestedEvent = EventOf<typeof RefundRequested>;

/** Accounts, and the orders that are paid from them. */
export function paymentStore(unit: UnitOfWork) {
  const { store } = unit;
  return {
    open: (opening: AccountRequest, making: RequestIdentity, correlationId: string) =>
      openAccountOnce(unit, opening, making, correlationId),
    deposit: (userId: string, amount: number, making: RequestIdentity, correlationId: string) =>
      depositOnce(unit, userId, amount, making, correlationId),
    account: (userId: string): Promise<Account> => readAccount(store, userId),
    statement: (userId: string, page: { after?: StatementPosition | undefined; limit: number }) =>
      readStatement(store, userId, page),
    /** Decides the bills that wait for one account's money: all of them in one transaction. */
    pay: (events: readonly OrderCreatedEvent[], call: MessageContext) => decideWaitingOrders(unit, events, call),
    /** Notes that an event about an order is in a DLQ. */
    recordDeadLetter: (event: OrderCreatedEvent | RefundRequestedEvent, deadLetter: DeadLetter) =>
      recordDeadLetter(unit, paymentKey(event.data.order_id).pk, event, deadLetter),
    /** Gives back what an order took: exactly that, and once. */
    refund: (event: RefundRequestedEvent, call: MessageContext) => refundPayment(unit, event, call),
  };
}
export type PaymentStore = ReturnType<typeof paymentStore>;

async function decideWaitingOrders(
  unit: UnitOfWork,
  events: readonly OrderCreatedEvent[],
  call: MessageContext,
): Promise<void> {
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
      ...planPayments(parseAccount(account), undecided, toIso(unit.clock.now()), call),
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
    if (decision) await answerNudge(unit, event, () => createAnswer(event, decision, toIso(unit.clock.now())));
  }
}

/** One update of the account, told with the last order that it pays, and for each order its decision row and its answer. */
function planPayments(
  account: Account | undefined,
  orders: readonly OrderCreatedEvent[],
  at: string,
  call: MessageContext,
) {
  const bills = orders.map((event) => ({ ...event.data, event }));
  const { account: after, decisions } = decidePayments(account, bills, at);
  const rows = decisions.map((decision) => ({ event: decision.order.event, row: decisionRow(decision, at, call) }));
  const last = decisions.findLastIndex(({ decision }) => decision === 'authorized');
  return {
    writes: [
      ...(account && after && after.version > account.version ? [updateAccount(account.version, after)] : []),
      // a decision that is there by now belongs to one order only: the others are decided anew, so it ends nothing
      ...rows.map(({ row }): Write => ({ op: 'put', row: row, when: absent })),
    ],
    publish: rows.map(({ event, row }, place) => {
      const { aggregate, events } = createAnswer(event, row, at);
      const isLast = place === last && after;
      return { aggregate, events: isLast ? [...events, balanceUpdateOf(after, row, event, at)] : events };
    }),
  };
}

/** A nudge asks for an answer, not for the balance, which nobody needs to hear twice. */
const balanceUpdateOf = (account: Account, row: Row, event: Envelope, at: string): Envelope =>
  createBalancesUpdated(account, String(row['entry_id']), { ...causeOf(event, Date.parse(at)), nudge: undefined });

/** The row that makes a redelivery harmless for ever: a capture's is its journal entry, a refusal's holds the reason. */
function decisionRow(
  decision: PaymentDecision<OrderCreated & { event: OrderCreatedEvent }>,
  at: string,
  call: MessageContext,
): Row {
  const { order } = decision;
  const asked = { order_id: order.order_id, user_id: order.user_id, receipts: call.createReceipt(order.event) };
  return decision.decision === 'authorized'
    ? { ...paymentKey(order.order_id), ...asked, decision: 'authorized', ...decision.entry }
    : {
        ...paymentKey(order.order_id),
        ...asked,
        decision: 'declined',
        decline_reason: decision.reason,
        order_amount: order.amount,
        at,
      };
}

/** What a decision row says, whoever asks. */
const StoredDecision = z.discriminatedUnion('decision', [
  z.object({ decision: z.literal('authorized'), amount: z.number(), balance_after: z.number() }),
  z.object({ decision: z.literal('declined'), order_amount: z.number(), decline_reason: DeclineReason }),
]);
export type StoredDecision = z.infer<typeof StoredDecision>;

const parseDecision = (row: Row): StoredDecision => StoredDecision.parse(row);

/** The same answer each time that it is read from the row, and so under the same id. */
function createAnswer(event: OrderCreatedEvent, row: Row, at: string): Publication {
  const { order_id, user_id, items } = event.data;
  const cause = causeOf(event, Date.parse(at));
  const decision = parseDecision(row);
  const answer =
    decision.decision === 'authorized'
      ? PaymentAuthorized.make(
          { order_id, user_id, amount: -decision.amount, balance_after: decision.balance_after, items },
          cause,
        )
      : PaymentDeclined.make(
          { order_id, user_id, amount: decision.order_amount, reason: decision.decline_reason },
          cause,
        );
  return { aggregate: row.pk, events: [answer] };
}

/** By the entry of the capture, and not by what the event says: nothing else was taken, and from nobody else. */
async function refundPayment(unit: UnitOfWork, event: RefundRequestedEvent, call: MessageContext): Promise<void> {
  const { order_id, user_id } = event.data;
  const answer = (row: Row): Publication => {
    const data = { order_id, user_id, amount: Number(row['amount']), balance_after: Number(row['balance_after']) };
    return { aggregate: row.pk, events: [PaymentRefunded.make(data, causeOf(event, unit.clock.now()))] };
  };
  const before = await commit(unit, async (read) => {
    const keys = [accountKey(user_id), paymentKey(order_id), refundKey(order_id)];
    const [accountRow, payment, done] = await read.getMany(keys);
    if (done) return { writes: [], result: done };
    const account = parseAccount(accountRow);
    const capture = payment && parseDecision(payment);
    if (!account || capture?.decision !== 'authorized' || payment?.['user_id'] !== user_id)
      throw new Rejected('nothing_to_refund', `nothing was taken from ${user_id} for the order ${order_id}`);
    const at = toIso(unit.clock.now());
    const moved = refund(account, -capture.amount, order_id, at);
    const row = { ...refundKey(order_id), order_id, user_id, receipts: call.createReceipt(event), ...moved.entry };
    const told = answer(row);
    return {
      writes: [updateAccount(account.version, moved.account), { op: 'put', row: row, when: absent, decides: true }],
      publish: [{ ...told, events: [...told.events, balanceUpdateOf(moved.account, row, event, at)] }],
      result: undefined,
    };
  });
  if (before) await answerNudge(unit, event, () => answer(before));
}
