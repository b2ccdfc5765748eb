import type { Envelope, EventDefinition, EventOf } from '../../events/envelope.ts';
import type { OrderCreated } from '../../events/orders/order-created.ts';
import { handler as onPaymentStatus } from '../../lambdas/orders/on-payment-status.ts';
import { apply, type OrderEvent } from '../../lambdas/orders/order.ts';
import { orderStore } from '../../lambdas/orders/order-store.ts';
import { handler as onOrderPayments } from '../../lambdas/payments/on-order-payments.ts';
import { paymentStore } from '../../lambdas/payments/payment-store.ts';
import { systemClock } from '../../lambdas/shared/clock.ts';
import { Rejected } from '../../lambdas/shared/errors.ts';
import type { Store } from '../../lambdas/shared/store.ts';
import type { DeadMessage } from './dead-message.ts';

/** What a message would do if its queue had it again. */
export interface Effect {
  readonly would: 'apply' | 'no effect' | 'fail again' | 'unknown';
  readonly because: string;
}

export interface Tables {
  readonly payments: Store;
  readonly orders: Store;
}

/** Asks the decision rows and the saga itself: what is decided stays decided, so a second message changes nothing. */
export async function effectOf(queue: string, { body, events }: DeadMessage, tables: Tables): Promise<Effect> {
  const consumer = consumers[queue];
  if (!consumer) return { would: 'unknown', because: `nothing is known here of what ${queue} decides` };
  const [event] = events;
  if (!event) return { would: 'fail again', because: 'not our envelope' };
  if (consumer === 'bus') return { would: 'apply', because: `${inWords(events.length)} to the bus` };
  if (body.startsWith('[')) return { would: 'fail again', because: 'a list, and not one event' };
  const definition = consumer.on.find((one) => one.type === event.type);
  if (!definition) return { would: 'fail again', because: `${event.type} is not for this queue` };
  if (definition.version !== event.version)
    return { would: 'fail again', because: `${event.type} version ${event.version} is unknown here` };
  if (!definition.schema.safeParse(event.data).success)
    return { would: 'fail again', because: `${event.type} breaks its schema` };
  return consumer.effect(event, tables);
}

interface Consumer {
  readonly on: readonly Pick<EventDefinition, 'type' | 'version' | 'schema'>[];
  effect(event: Envelope, tables: Tables): Promise<Effect>;
}

const consumers: Readonly<Record<string, Consumer | 'bus'>> = {
  'order-payments': {
    on: onOrderPayments.events,
    effect: (event, { payments }) => effectOnPayment(event as EventOf<typeof OrderCreated>, payments),
  },
  'payment-status': {
    on: onPaymentStatus.events,
    effect: (event, { orders }) => effectOnOrder(event as OrderEvent, orders),
  },
  'outbox-retry': 'bus',
};

async function effectOnPayment({ data, nudge }: EventOf<typeof OrderCreated>, store: Store): Promise<Effect> {
  const decision = await paymentStore({ store, clock: systemClock, deadline: 0 }).decision(data.order_id);
  if (!decision) return { would: 'apply', because: 'no payment is decided yet' };
  const decided = `decided: ${decision.decided}`;
  return nudge === undefined
    ? { would: 'no effect', because: decided }
    : { would: 'apply', because: `${decided}, and asked to say so again` };
}

async function effectOnOrder(event: OrderEvent, store: Store): Promise<Effect> {
  const { order_id } = event.data;
  try {
    const order = await orderStore({ store, clock: systemClock, deadline: 0 }).get(order_id);
    const next = apply(order, event);
    return next
      ? { would: 'apply', because: `${order.status} → ${next.status}` }
      : { would: 'no effect', because: `decided: ${order.status}` };
  } catch (error) {
    if (!(error instanceof Rejected)) throw error;
    return { would: 'fail again', because: error.message };
  }
}

const inWords = (events: number): string => (events === 1 ? 'one event' : `${events} events`);
