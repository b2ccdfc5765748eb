import { expect, test } from 'vitest';
import { TicketIssued } from '../../../events/tickets/ticket-issued.ts';
import { apply } from '../../../lambdas/orders/order.ts';
import { orderStore } from '../../../lambdas/orders/order-store.ts';
import { createSteppingClock, noon } from '../../support/fixtures.ts';
import { createMemoryStore } from '../../support/memory-store.ts';
import { noPrice } from '../../support/order-price.ts';

const id = 'a'.repeat(26);
const identity = (requestId: string, body_hash = 'hash') => ({ id: requestId, body_hash, hasKey: true });

/** Creates a store with one finished order. */
async function createFinishedOrder() {
  const table = createMemoryStore({ now: () => noon });
  const orders = orderStore({ store: table, clock: createSteppingClock(), deadlineMs: noon + 5000 });
  const order = { user_id: 'alice', amount: 10 };
  await orders.place({ order, identity: identity(id), correlationId: 'request', quotePrice: noPrice });
  const cause = { time: new Date(noon).toISOString(), correlation_id: id, causation_id: 'test' };
  const context = {
    deadlineMs: noon + 5000,
    createReceipt: () => ({}),
    messageIdOf: () => '-',
    receiveCountOf: () => 1,
  };
  await orders.change(TicketIssued.make({ order_id: id, ticket_id: 't' }, cause), apply, context);
  const refund = (request: ReturnType<typeof identity>) =>
    orders.refund({ id, note: undefined, identity: request, correlationId: 'request' });
  return { table, refund };
}

test('a refund is started once for each request, and rejected for any other request', async () => {
  const { table, refund } = await createFinishedOrder();
  expect(await refund(identity('first'))).toEqual({ replayed: false });
  const before = table.all();
  expect(await refund(identity('first'))).toEqual({ replayed: true });
  await expect(refund(identity('second'))).rejects.toMatchObject({ code: 'not_refundable' });
  expect(table.all()).toEqual(before);
});

test('a refund with a used key is rejected if its body is another one', async () => {
  const { refund } = await createFinishedOrder();
  await refund(identity('first'));
  await expect(refund(identity('first', 'other'))).rejects.toMatchObject({ code: 'idempotency_key_reused' });
});
