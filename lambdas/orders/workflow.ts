import type { Envelope } from '../../events/envelope.ts';
import type { Receipt } from '../shared/receipt.ts';
import type { Order } from './order.ts';
import type { OrderTrail } from './order-trail.ts';

/** Who takes in what, so that a hop without its receipt shows. */
const CONSUMERS: Readonly<Record<string, readonly string[]>> = {
  OrderCreated: ['order-payments'],
  PaymentAuthorized: ['payment-status', 'ticket-issuing'],
  PaymentDeclined: ['payment-status'],
  PaymentRefunded: ['payment-status'],
  TicketIssued: ['ticket-status'],
  TicketRejected: ['ticket-status'],
  TicketVoided: ['ticket-status'],
  RefundRequested: ['order-refunds-payments', 'order-refunds-tickets'],
};

/** Outbox records go after this long; decisions stay. */
const TRAIL_KEPT_MS = 15 * 24 * 3600 * 1000;
/** A hop that takes longer waits for something. */
const HOP_LIMIT_MS = 60_000;

const ENDS = new Set(['FINISHED', 'CANCELLED', 'REFUNDED']);

export type StepStatus = 'done' | 'active' | 'failed' | 'skipped';

export interface WorkflowStep {
  readonly name: 'placed' | 'payment' | 'ticket' | 'refund' | 'end';
  readonly status: StepStatus;
  readonly at?: string | undefined;
}

export interface Hop {
  readonly event_id: string;
  readonly type: string;
  readonly consumer: string;
  readonly status: 'done' | 'under way' | 'waiting' | 'dead' | 'overtaken';
  readonly created_at: string;
  readonly published_at?: string | undefined;
  readonly received_at?: string | undefined;
  readonly processed_at?: string | undefined;
  readonly receive_count?: number | undefined;
  readonly reason?: string | undefined;
}

/** The saga as a person would draw it. */
export function stepsOf(order: Order, { outbox }: OrderTrail): WorkflowStep[] {
  const at = (...types: string[]) => outbox.find(({ type }) => types.includes(type))?.time;
  const ended = ENDS.has(order.status) ? order.updated_at : undefined;
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
        ticket: order.because === 'requested' ? 'done' : 'failed',
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

/** Every hop of every event: taken in, on its way, waiting for too long, or dead. */
export function hopsOf(order: Order, { outbox, receipts, dead }: OrderTrail, now: number): Hop[] {
  const events = [...new Map(outbox.map((event) => [event.id, event])).values()];
  return events.flatMap((event) =>
    consumersOf(event).map((consumer) => {
      const receipt = receipts[event.id]?.find((one) => one.consumer === consumer);
      const grave = dead.find((one) => one.event_id === event.id && one.consumer === consumer);
      const hop = { event_id: event.id, type: event.type, consumer, created_at: event.time };
      if (receipt) return { ...hop, status: 'done' as const, ...timesOf(receipt) };
      if (grave) return { ...hop, status: 'dead' as const, reason: grave.reason };
      return { ...hop, status: openStatus(order, event, now) };
    }),
  );
}

/** What was never issued is not asked back of tickets, though they hear of it. */
function consumersOf({ type, data }: Envelope): readonly string[] {
  const all = CONSUMERS[type] ?? [];
  const refused = type === 'RefundRequested' && (data as { because?: string }).because !== 'requested';
  return refused ? all.filter((consumer) => consumer !== 'order-refunds-tickets') : all;
}

const timesOf = ({ published_at, received_at, processed_at, receive_count }: Receipt) => ({
  published_at,
  received_at,
  processed_at,
  receive_count,
});

function openStatus(order: Order, event: Envelope, now: number): Hop['status'] {
  // what came late to an order that had gone on left no receipt, since it changed nothing
  if (ENDS.has(order.status)) return 'overtaken';
  return now - Date.parse(event.time) > HOP_LIMIT_MS ? 'waiting' : 'under way';
}

/** Whether the events have gone by their TTL, so that only decisions are left to show. */
export const hasFaded = ({ outbox }: OrderTrail, order: Order, now: number): boolean =>
  outbox.length === 0 && now - Date.parse(order.created_at) > TRAIL_KEPT_MS;
