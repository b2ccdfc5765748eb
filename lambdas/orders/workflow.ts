import type { Envelope } from '../../events/envelope.ts';
import type { Receipt } from '../shared/messaging/receipt.ts';
import { apply, type Order, type OrderEvent } from './order.ts';
import type { OrderHistory } from './order-history.ts';

/** Whether a step has been taken, or gone past, though the event left no receipt of it. */
type IsPast = (order: Order, trail: OrderHistory, event: Envelope) => boolean;

/** The saga itself says whether an event could still move its order. */
const noTransition: IsPast = (order, _, event) => apply(order, event as OrderEvent) === undefined;

const isDecided =
  (step: string, ...not: string[]): IsPast =>
  (_, { decisions }) =>
    decisions.some((one) => one.step === step && !not.includes(one.decision));

/** Who takes in what, so that a hop without its receipt shows, and what says that nobody waits for that hop any more. */
const EXPECTED_CONSUMERS: Readonly<Record<string, Readonly<Record<string, IsPast>>>> = {
  OrderCreated: { 'order-payments': isDecided('PAYMENT') },
  PaymentAuthorized: { 'payment-status': noTransition, 'ticket-issuing': isDecided('TICKET') },
  PaymentDeclined: { 'payment-status': noTransition },
  PaymentRefunded: { 'payment-status': noTransition },
  TicketIssued: { 'ticket-status': noTransition },
  TicketRejected: { 'ticket-status': noTransition },
  TicketVoided: { 'ticket-status': noTransition },
  RefundRequested: {
    'order-refunds-payments': isDecided('REFUND'),
    'order-refunds-tickets': isDecided('TICKET', 'issued'),
  },
};

/** Outbox records go after this long; decisions stay. */
const HISTORY_TTL_MS = 15 * 24 * 3600 * 1000;
/** A hop that takes longer waits for something. */
const MAX_DELIVERY_MS = 60_000;

const FINAL_STATUSES = new Set(['FINISHED', 'CANCELLED', 'REFUNDED']);

export type StepStatus = 'done' | 'active' | 'failed' | 'skipped';

export interface WorkflowStep {
  readonly name: 'placed' | 'payment' | 'ticket' | 'refund' | 'end';
  readonly status: StepStatus;
  readonly at?: string | undefined;
}

export interface Delivery {
  readonly event_id: string;
  readonly type: string;
  readonly consumer: string;
  readonly status: 'done' | 'in_flight' | 'waiting' | 'dead' | 'overtaken';
  readonly created_at: string;
  readonly published_at?: string | undefined;
  readonly received_at?: string | undefined;
  readonly processed_at?: string | undefined;
  readonly receive_count?: number | undefined;
  readonly reason?: string | undefined;
}

/** The saga as a person would draw it. */
export function stepsOf(order: Order, { outbox }: OrderHistory): WorkflowStep[] {
  const at = (...types: string[]) => outbox.find(({ type }) => types.includes(type))?.time;
  const ended = FINAL_STATUSES.has(order.status) ? order.updated_at : undefined;
  const { payment, ticket, refund, end } = statusesOf(order, at('RefundRequested') !== undefined);
  return [
    { name: 'placed', status: 'done', at: order.created_at },
    { name: 'payment', status: payment, at: at('PaymentAuthorized', 'PaymentDeclined') },
    { name: 'ticket', status: ticket, at: at('TicketIssued', 'TicketRejected') },
    { name: 'refund', status: refund, at: at('PaymentRefunded') },
    { name: 'end', status: end, at: ended },
  ];
}

function statusesOf(order: Order, undone: boolean): Record<'payment' | 'ticket' | 'refund' | 'end', StepStatus> {
  switch (order.status) {
    case 'NEW':
      return { payment: 'active', ticket: 'skipped', refund: 'skipped', end: 'skipped' };
    case 'PAYMENT_AUTHORIZED':
      return { payment: 'done', ticket: 'active', refund: 'skipped', end: 'skipped' };
    case 'FINISHED':
      return { payment: 'done', ticket: 'done', refund: 'skipped', end: 'done' };
    case 'REFUNDING':
      return {
        payment: 'done',
        ticket: order.reason === 'requested' ? 'done' : 'failed',
        refund: 'active',
        end: 'skipped',
      };
    case 'REFUNDED':
      return { payment: 'done', ticket: 'done', refund: 'done', end: 'done' };
    case 'CANCELLED':
      return undone || order.reason === 'sold_out' || order.reason === 'seat_taken'
        ? { payment: 'done', ticket: 'failed', refund: 'done', end: 'done' }
        : { payment: 'failed', ticket: 'skipped', refund: 'skipped', end: 'done' };
  }
}

/** By time, and what was stated in one moment behind what caused it. */
export function inCausalOrder(events: readonly Envelope[]): Envelope[] {
  const stated = new Map(events.map((event) => [event.id, event]));
  const depthOf = ({ causation_id }: Envelope): number => {
    const cause = stated.get(causation_id);
    return cause ? 1 + depthOf(cause) : 0;
  };
  return events.toSorted(
    (one, other) => Date.parse(one.time) - Date.parse(other.time) || depthOf(one) - depthOf(other),
  );
}

/** Every hop of every event: taken in, on its way, waiting for too long, dead, or overtaken by the order itself. */
export function deliveriesOf(order: Order, trail: OrderHistory, now: number): Delivery[] {
  const { outbox, receipts, deadLetters } = trail;
  const events = inCausalOrder([...new Map(outbox.map((event) => [event.id, event])).values()]);
  return events.flatMap((event) =>
    consumersOf(event).map(([consumer, isPast]) => {
      const receipt = receipts[event.id]?.find((one) => one.consumer === consumer);
      const grave = deadLetters.find((one) => one.event_id === event.id && one.consumer === consumer);
      const hop = { event_id: event.id, type: event.type, consumer, created_at: event.time };
      if (receipt) return { ...hop, status: 'done' as const, ...timesOf(receipt) };
      const why = grave && { reason: grave.reason };
      // what came late, or was brought back from the DLQ too late, changed nothing and so left no receipt
      if (isPast(order, trail, event)) return { ...hop, status: 'overtaken' as const, ...why };
      if (grave) return { ...hop, status: 'dead' as const, ...why };
      const isLate = now - Date.parse(event.time) > MAX_DELIVERY_MS;
      return { ...hop, status: isLate ? ('waiting' as const) : ('in_flight' as const) };
    }),
  );
}

/** What was never issued is not asked back of tickets, though they hear of it. */
function consumersOf({ type, data }: Envelope): [string, IsPast][] {
  const all = Object.entries(EXPECTED_CONSUMERS[type] ?? {});
  const refused = type === 'RefundRequested' && (data as { reason?: string }).reason !== 'requested';
  return refused ? all.filter(([consumer]) => consumer !== 'order-refunds-tickets') : all;
}

const timesOf = ({ published_at, received_at, processed_at, receive_count }: Receipt) => ({
  published_at,
  received_at,
  processed_at,
  receive_count,
});

/** Whether the events have gone by their TTL, so that only decisions are left to show. */
export const isExpired = ({ outbox }: OrderHistory, order: Order, now: number): boolean =>
  outbox.length === 0 && now - Date.parse(order.created_at) > HISTORY_TTL_MS;
