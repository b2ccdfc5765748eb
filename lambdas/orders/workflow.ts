import type { Envelope } from '../../events/envelope.ts';
import type { Receipt } from '../shared/messaging/receipt.ts';
import { apply, type Order, type OrderEvent } from './order.ts';
import type { OrderHistory } from './order-history.ts';

/** Returns whether the order no longer needs the delivery of an event that has no receipt. */
type IsSuperseded = (history: OrderHistory, event: Envelope) => boolean;

/** Asks the saga itself: an event without a next step cannot change its order any more. */
const hasNoNextStep: IsSuperseded = ({ order }, event) => apply(order, event as OrderEvent) === undefined;

/** Checks the decision row of a step. A decision that equals `except` does not count. */
const isDecided =
  (step: string, except?: string): IsSuperseded =>
  ({ decisions }) =>
    decisions.some((recorded) => recorded.step === step && recorded.decision !== except);

/** The consumers of each event: a delivery without a receipt is shown too, as superseded if its check says so. */
const EXPECTED_CONSUMERS: Readonly<Record<string, Readonly<Record<string, IsSuperseded>>>> = {
  OrderCreated: { 'order-payments': isDecided('PAYMENT') },
  PaymentAuthorized: { 'payment-status': hasNoNextStep, 'ticket-issuing': isDecided('TICKET') },
  PaymentDeclined: { 'payment-status': hasNoNextStep },
  PaymentRefunded: { 'payment-status': hasNoNextStep },
  TicketIssued: { 'ticket-status': hasNoNextStep },
  TicketRejected: { 'ticket-status': hasNoNextStep },
  TicketVoided: { 'ticket-status': hasNoNextStep },
  RefundRequested: {
    'order-refunds-payments': isDecided('REFUND'),
    'order-refunds-tickets': isDecided('TICKET', 'issued'),
  },
};

/** Outbox records expire after 15 days. Decision rows do not expire. */
const OUTBOX_TTL_MS = 15 * 24 * 3600 * 1000;
/** A delivery that takes longer than this is shown as `waiting`. */
const MAX_DELIVERY_MS = 60_000;

const FINAL_STATUSES = new Set(['FINISHED', 'CANCELLED', 'REFUNDED']);

/** Returns the steps of the saga in their order, each with its status and time. */
export function stepsOf({ order, outbox }: OrderHistory) {
  const timeOf = (...types: string[]) => outbox.find(({ type }) => types.includes(type))?.time;
  const endedAt = FINAL_STATUSES.has(order.status) ? order.updated_at : undefined;
  const { payment, ticket, refund, end } = statusesOf(order, timeOf('RefundRequested') !== undefined);
  return [
    { name: 'placed', status: 'done' as const, at: order.created_at },
    { name: 'payment', status: payment, at: timeOf('PaymentAuthorized', 'PaymentDeclined') },
    { name: 'ticket', status: ticket, at: timeOf('TicketIssued', 'TicketRejected') },
    { name: 'refund', status: refund, at: timeOf('PaymentRefunded') },
    { name: 'end', status: end, at: endedAt },
  ];
}

/** `pending`: the order has not ended and has not reached the step. `skipped`: the order has ended without the step. */
export const STEP_STATUSES = ['done', 'active', 'failed', 'pending', 'skipped'] as const;

type StepStatuses = Record<'payment' | 'ticket' | 'refund' | 'end', (typeof STEP_STATUSES)[number]>;

function statusesOf(order: Order, isRefundRequested: boolean): StepStatuses {
  switch (order.status) {
    case 'NEW':
      return { payment: 'active', ticket: 'pending', refund: 'pending', end: 'pending' };
    case 'PAYMENT_AUTHORIZED':
      return { payment: 'done', ticket: 'active', refund: 'pending', end: 'pending' };
    case 'FINISHED':
      return { payment: 'done', ticket: 'done', refund: 'skipped', end: 'done' };
    case 'REFUNDING': {
      const ticket = order.refund_reason === 'requested' ? 'done' : 'failed';
      return { payment: 'done', ticket, refund: 'active', end: 'pending' };
    }
    case 'REFUNDED':
      return { payment: 'done', ticket: 'done', refund: 'done', end: 'done' };
    case 'CANCELLED':
      return isRefundRequested || order.reason === 'sold_out' || order.reason === 'seat_taken'
        ? { payment: 'done', ticket: 'failed', refund: 'done', end: 'done' }
        : { payment: 'failed', ticket: 'skipped', refund: 'skipped', end: 'done' };
  }
}

/** Sorts events by time. Events of the same time are sorted so that a cause precedes its effects. */
export function inCausalOrder(events: readonly Envelope[]): Envelope[] {
  const eventsById = new Map(events.map((event) => [event.id, event]));
  const depthOf = ({ causation_id }: Envelope): number => {
    const cause = eventsById.get(causation_id);
    return cause ? 1 + depthOf(cause) : 0;
  };
  return events.toSorted((a, b) => Date.parse(a.time) - Date.parse(b.time) || depthOf(a) - depthOf(b));
}

/** Returns every delivery of every event: done, in flight, waiting for too long, dead, or superseded by the order. */
export function deliveriesOf(history: OrderHistory, now: number) {
  const { outbox, receipts, deadLetters } = history;
  const events = inCausalOrder([...new Map(outbox.map((event) => [event.id, event])).values()]);
  return events.flatMap((event) =>
    consumersOf(event).map(([consumer, isSuperseded]) => {
      const receipt = receipts[event.id]?.find((candidate) => candidate.consumer === consumer);
      const deadLetter = deadLetters.find(({ event_id, consumer: name }) => event_id === event.id && name === consumer);
      const delivery = { event_id: event.id, type: event.type, consumer, created_at: event.time };
      if (receipt) return { ...delivery, status: 'done' as const, ...timesOf(receipt) };
      const reason = deadLetter && { reason: deadLetter.reason };
      // An event that arrived late, or was redriven too late, changed nothing and so left no receipt.
      if (isSuperseded(history, event)) return { ...delivery, status: 'superseded' as const, ...reason };
      if (deadLetter) return { ...delivery, status: 'dead' as const, ...reason };
      const isLate = now - Date.parse(event.time) > MAX_DELIVERY_MS;
      return { ...delivery, status: isLate ? ('waiting' as const) : ('in_flight' as const) };
    }),
  );
}

/**
 * Returns the consumers that an event is expected to have. The tickets context also receives the refund of a rejected
 * order, but it has no ticket to void and leaves no receipt.
 */
function consumersOf({ type, data }: Envelope): [string, IsSuperseded][] {
  const consumers = Object.entries(EXPECTED_CONSUMERS[type] ?? {});
  const isRejected = type === 'RefundRequested' && (data as { reason?: string }).reason !== 'requested';
  return isRejected ? consumers.filter(([consumer]) => consumer !== 'order-refunds-tickets') : consumers;
}

const timesOf = ({ published_at, received_at, processed_at, receive_count }: Receipt) => ({
  published_at,
  received_at,
  processed_at,
  receive_count,
});

/** Returns whether the outbox records have expired, so that only decisions remain to be shown. */
export const isExpired = ({ order, outbox }: OrderHistory, now: number): boolean =>
  outbox.length === 0 && now - Date.parse(order.created_at) > OUTBOX_TTL_MS;
