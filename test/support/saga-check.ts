import type { Order } from '../../lambdas/orders/order.ts';
import { parseOrder } from '../../lambdas/orders/order-row.ts';
import type { Row } from '../../lambdas/shared/store/store.ts';
import { quantitiesOf, seatsOf } from '../../lambdas/tickets/ticket.ts';
import { parseStock, parseTicket } from '../../lambdas/tickets/ticket-row.ts';

interface SagaTables {
  readonly orders: readonly Row[];
  readonly payments: readonly Row[];
  readonly tickets: readonly Row[];
}

/** What an order has left behind in the tables, such as `captured 10, refunded 10, ticket voided`. */
type Outcome = string;

const TICKET_REASONS: readonly string[] = ['sold_out', 'seat_taken'];

/** Returns the outcome that the state of an order requires, or nothing if the order has not ended. */
function requiredOutcome(order: Order): Outcome | undefined {
  const { amount } = order;
  switch (order.status) {
    case 'FINISHED':
      return `captured ${amount}, ticket issued`;
    case 'REFUNDED':
      return `captured ${amount}, refunded ${amount}, ticket voided`;
    case 'CANCELLED':
      return TICKET_REASONS.includes(order.reason)
        ? `captured ${amount}, refunded ${amount}, ticket rejected`
        : 'declined';
    default:
      return undefined;
  }
}

/** Returns what the decision rows of payments and tickets say about an order. */
function actualOutcome(decisions: ReadonlyMap<string, Row>, { pk }: Row): Outcome {
  const [payment, refund, ticket] = ['PAYMENT', 'REFUND', 'TICKET'].map((sk) => decisions.get(`${pk} ${sk}`));
  const isCaptured = payment?.['decision'] === 'authorized';
  return [
    ...(payment ? [isCaptured ? `captured ${-Number(payment['amount'])}` : 'declined'] : []),
    ...(refund ? [`refunded ${refund['amount']}`] : []),
    ...(ticket ? [`ticket ${ticket['decision']}`] : []),
  ].join(', ');
}

/**
 * Returns every order that has not ended, or whose payment, refund and ticket are not those that its state requires,
 * and every product whose claims are not those of the issued tickets.
 */
export function findSagaErrors({ orders, payments, tickets }: SagaTables): string[] {
  const decisions = new Map([...payments, ...tickets].map((row) => [`${row.pk} ${row.sk}`, row]));
  const orderErrors = orders
    .filter(({ pk, sk }) => pk.startsWith('ORDER#') && sk === 'STATE')
    .flatMap((row) => {
      const { order } = parseOrder(row);
      const [required, actual] = [requiredOutcome(order), actualOutcome(decisions, row)];
      return required === actual ? [] : [`${row.pk} is ${order.status}, with ${actual || 'no decision'}.`];
    });
  return [...orderErrors, ...findClaimErrors(tickets)];
}

function findClaimErrors(tickets: readonly Row[]): string[] {
  const items = tickets
    .filter(({ sk }) => sk === 'TICKET')
    .map(parseTicket)
    .flatMap((ticket) => (ticket.decision === 'issued' ? (ticket.items ?? []) : []));
  const sold = quantitiesOf(items);
  const stockErrors = tickets
    .filter(({ sk }) => sk === 'STOCK')
    .map(parseStock)
    .filter(({ sku, claimed, capacity }) => claimed !== (sold.get(sku) ?? 0) || claimed > capacity)
    .map(
      ({ sku, claimed, capacity }) => `${claimed} of ${capacity} ${sku} are claimed, and ${sold.get(sku) ?? 0} sold.`,
    );
  const soldSeats = seatsOf(items).map(({ sku, seat }) => `SKU#${sku} SEAT#${seat}`);
  const takenSeats = tickets.filter(({ sk }) => sk.startsWith('SEAT#')).map(({ pk, sk }) => `${pk} ${sk}`);
  const seatErrors = [
    ...soldSeats.filter((seat, index) => soldSeats.indexOf(seat) !== index).map((seat) => `${seat} is sold twice.`),
    ...soldSeats.filter((seat) => !takenSeats.includes(seat)).map((seat) => `${seat} is sold, and not taken.`),
    ...takenSeats.filter((seat) => !soldSeats.includes(seat)).map((seat) => `${seat} is taken, and not sold.`),
  ];
  return [...stockErrors, ...seatErrors];
}
