import * as z from 'zod/mini';
import type { Envelope, EventOf } from '../../events/envelope.ts';
import type { OrderCreated } from '../../events/orders/order-created.ts';
import type { RefundRequested } from '../../events/orders/refund-requested.ts';
import { PaymentAuthorized } from '../../events/payments/payment-authorized.ts';
import { DeclineReason, PaymentDeclined } from '../../events/payments/payment-declined.ts';
import { PaymentRefunded } from '../../events/payments/payment-refunded.ts';
import { type DeadLetter, recordDeadLetter } from '../shared/messaging/dead-letter.ts';
import { causeOf, type MessageContext } from '../shared/messaging/receipt.ts';
import { answerNudge } from '../shared/outbox/answer-nudge.ts';
import type { Publication } from '../shared/outbox/outbox-record.ts';
import { toIso } from '../shared/runtime/clock.ts';
import { Rejected } from '../shared/runtime/errors.ts';
import { logger } from '../shared/runtime/observability.ts';
import { commit, type UnitOfWork } from '../shared/store/commit.ts';
import { absent, type Row, type Write } from '../shared/store/store.ts';
import { accountKey, createBalancesUpdated, parseAccount, updateAccount } from './account-row.ts';
import { paymentKey, refundKey } from './entry-row.ts';
import { type Account, decidePayments, type PaymentDecision, refund } from './ledger.ts';

export type OrderCreatedEvent = EventOf<typeof OrderCreated>;
export type RefundRequestedEvent = EventOf<typeof RefundRequested>;

/** Creates the store of payments and refunds, as the consumers of order events use it. */
export const paymentStore = (work: UnitOfWork) => ({
  /** Decides the pending orders of one account in one transaction. */
  pay: (events: readonly OrderCreatedEvent[], context: MessageContext) => payOrders(work, events, context),
  refund: (event: RefundRequestedEvent, context: MessageContext) => refundPayment(work, event, context),
  recordDeadLetter: (event: OrderCreatedEvent | RefundRequestedEvent, deadLetter: DeadLetter) =>
    recordDeadLetter(work, paymentKey(event.data.order_id).pk, event, deadLetter),
});
export type PaymentStore = ReturnType<typeof paymentStore>;

async function payOrders(
  work: UnitOfWork,
  events: readonly OrderCreatedEvent[],
  context: MessageContext,
): Promise<void> {
  const orders = [...new Map(events.map((event) => [event.data.order_id, event])).values()];
  const [first] = orders;
  if (!first) return;
  const { user_id } = first.data;
  const existing = await commit(work, async (read) => {
    // A payment between these reads is noticed by the write: the account has another version, or a decision exists.
    const [account, ...decisions] = await read.getMany([
      accountKey(user_id),
      ...orders.map(({ data }) => paymentKey(data.order_id)),
    ]);
    const undecided = orders.filter((_, index) => !decisions[index]);
    return {
      ...planPayments(parseAccount(account), undecided, toIso(work.clock.now()), context),
      result: new Map(decisions.flatMap((decision) => (decision ? [[decision.pk, decision] as const] : []))),
    };
  });
  logger.info('orders decided', { user_id, decided: orders.length - existing.size });
  // This loops over messages and not over orders, so a nudge is answered even if a duplicate is in the same batch.
  for (const event of events) {
    const decision = existing.get(paymentKey(event.data.order_id).pk);
    if (decision) await answerNudge(work, event, () => createAnswer(event, decision));
  }
}

/**
 * Plans one update of the account, and a decision row with its answer for each order. The new balance is published with
 * the answer of the last order that is paid.
 */
function planPayments(
  before: Account | undefined,
  events: readonly OrderCreatedEvent[],
  at: string,
  context: MessageContext,
) {
  const orders = events.map((event) => ({ ...event.data, event }));
  const { account, decisions } = decidePayments(before, orders, at);
  const rows = decisions.map((decision) => ({
    event: decision.order.event,
    row: createDecisionRow(decision, at, context),
  }));
  const lastPaid = decisions.findLastIndex(({ decision }) => decision === 'authorized');
  return {
    writes: [
      ...(before && account && account.version > before.version ? [updateAccount(before.version, account)] : []),
      // No row is marked as deciding: a row that exists by now settles one order, and the others still need a decision.
      ...rows.map(({ row }): Write => ({ op: 'put', row, when: absent })),
    ],
    publish: rows.map(({ event, row }, index) => {
      const { aggregate, events } = createAnswer(event, row);
      const publishesBalance = index === lastPaid && account;
      return {
        aggregate,
        events: publishesBalance ? [...events, createBalanceUpdate(account, row, event, at)] : events,
      };
    }),
  };
}

/** Creates the balance update without the nudge of its cause, since a nudge asks only for the answer. */
const createBalanceUpdate = (account: Account, row: Row, event: Envelope, at: string): Envelope =>
  createBalancesUpdated(account, String(row['entry_id']), { ...causeOf(event, Date.parse(at)), nudge: undefined });

/**
 * Creates the decision row of an order. It has no TTL, so a redelivery is harmless at any time. The row of a payment is
 * also its entry; the row of a declined order holds the reason.
 */
function createDecisionRow(
  decision: PaymentDecision<OrderCreated & { event: OrderCreatedEvent }>,
  at: string,
  context: MessageContext,
): Row {
  const { order_id, user_id, amount, event } = decision.order;
  const common = { ...paymentKey(order_id), order_id, user_id, receipts: context.createReceipt(event) };
  return decision.decision === 'authorized'
    ? { ...common, decision: 'authorized', ...decision.entry }
    : { ...common, decision: 'declined', decline_reason: decision.reason, order_amount: amount, at };
}

const StoredDecision = z.discriminatedUnion('decision', [
  z.object({ decision: z.literal('authorized'), amount: z.number(), balance_after: z.number(), at: z.string() }),
  z.object({
    decision: z.literal('declined'),
    order_amount: z.number(),
    decline_reason: DeclineReason,
    at: z.string(),
  }),
]);

/** Creates the answer of a decision row. Its id, its data and its time are the same each time that it is created. */
function createAnswer(event: OrderCreatedEvent, row: Row): Publication {
  const { order_id, user_id, items } = event.data;
  const decision = StoredDecision.parse(row);
  const cause = causeOf(event, Date.parse(decision.at));
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

/**
 * Reverses the entry of an order's payment. The amount comes from that entry and not from the event, and the account
 * must be the one that paid.
 */
async function refundPayment(work: UnitOfWork, event: RefundRequestedEvent, context: MessageContext): Promise<void> {
  const { order_id, user_id } = event.data;
  const createRefundAnswer = (row: Row): Publication => {
    const data = { order_id, user_id, amount: Number(row['amount']), balance_after: Number(row['balance_after']) };
    return { aggregate: row.pk, events: [PaymentRefunded.make(data, causeOf(event, Date.parse(String(row['at']))))] };
  };
  const existing = await commit(work, async (read) => {
    // The payment was written before its refund was requested, so only a refund can be missed by these reads. Its row
    // then refuses the write, also if the account was read after that refund.
    const keys = [accountKey(user_id), paymentKey(order_id), refundKey(order_id)];
    const [accountRow, paymentRow, refundRow] = await read.getMany(keys);
    if (refundRow) return { writes: [], result: refundRow };
    const before = parseAccount(accountRow);
    const payment = paymentRow && StoredDecision.parse(paymentRow);
    if (!before || payment?.decision !== 'authorized' || paymentRow?.['user_id'] !== user_id)
      throw new Rejected('nothing_to_refund', `User ${user_id} has not paid for the order ${order_id}.`);
    const at = toIso(work.clock.now());
    const { account, entry } = refund(before, -payment.amount, order_id, at);
    const row = { ...refundKey(order_id), order_id, user_id, receipts: context.createReceipt(event), ...entry };
    const { aggregate, events } = createRefundAnswer(row);
    return {
      writes: [updateAccount(before.version, account), { op: 'put', row, when: absent, decides: true }],
      publish: [{ aggregate, events: [...events, createBalanceUpdate(account, row, event, at)] }],
      result: undefined,
    };
  });
  if (existing) await answerNudge(work, event, () => createRefundAnswer(existing));
}
