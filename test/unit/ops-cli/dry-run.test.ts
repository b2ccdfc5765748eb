import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { predictEffects } from '../../../bin/ops/dlq-redrive.ts';
import { predictEffect } from '../../../bin/ops/dry-run-consumers.ts';
import type { Tables } from '../../../bin/ops/tables.ts';
import { OrderLookupRequested } from '../../../events/documents/order-lookup-requested.ts';
import { OrderNotFound } from '../../../events/documents/order-not-found.ts';
import { bucketOf } from '../../../events/payments/bucket.ts';
import { generateDocuments } from '../../../tools/generated-documents.ts';
import {
  balancesUpdated,
  deadLetterWith,
  documentSubmitted,
  orderCreated,
  orderId,
  paymentAuthorized,
  productChanged,
  refundRequested,
  stockChanged,
  tablesWith,
  ticketIssued,
} from '../../support/dlq-samples.ts';

const noon = '2026-01-01T12:00:00.000Z';
const pk = `ORDER#${orderId}`;
const accountRow = { pk: 'ACCOUNT#alice', sk: 'STATE', user_id: 'alice', balance: 100, version: 1, updated_at: noon };
const declinedRow = {
  pk,
  sk: 'PAYMENT',
  decision: 'declined',
  order_amount: 10,
  decline_reason: 'insufficient_funds',
  at: noon,
};
const authorizedRow = {
  pk,
  sk: 'PAYMENT',
  user_id: 'alice',
  decision: 'authorized',
  amount: -10,
  balance_after: 90,
  at: noon,
};
const placed = { id: orderId, user_id: 'alice', amount: 10, created_at: noon, updated_at: noon, version: 1 };
const orderRow = (state: { status: string }) => ({ pk, sk: 'STATE', ...placed, state });
const ticketRow = { pk, sk: 'TICKET', decision: 'issued', ticket_id: 't1', version: 1, at: noon };
const stockRow = { pk: 'SKU#gig', sk: 'STOCK', sku: 'gig', capacity: 5, claimed: 0, version: 1, product_version: 1 };
const productRow = {
  ...{ pk: 'PRODUCT#gig', sk: 'STATE', sku: 'gig', name: 'Gig', price: 5, capacity: 5 },
  ...{ version: 1, claimed: 0, claimed_version: 1 },
};

const alreadyDecided = { effect: 'no_effect', reason: 'the step is already decided' };
const predict = (queue: string, body: unknown, tables: Tables) => predictEffect(queue, deadLetterWith(body), tables);

describe('the dry run of order-payments', () => {
  test('predicts the payment of an order that is not decided', async () => {
    const tables = await tablesWith({ payments: [accountRow] });
    expect(await predict('order-payments', orderCreated(), tables)).toEqual({
      effect: 'apply',
      reason: `writes ACCOUNT#alice STATE, ${pk} PAYMENT (authorized); publishes PaymentAuthorized, BalancesUpdated`,
    });
  });

  test('writes nothing', async () => {
    const tables = await tablesWith({ payments: [accountRow] });
    await predict('order-payments', orderCreated(), tables);
    expect(await tables.payments.query({ partition: pk })).toEqual([]);
    expect(await tables.payments.get(accountRow)).toEqual(accountRow);
  });

  test('predicts no effect if the payment is decided', async () => {
    const tables = await tablesWith({ payments: [declinedRow] });
    expect(await predict('order-payments', orderCreated(), tables)).toEqual(alreadyDecided);
  });

  test('predicts one repeated answer for a nudge', async () => {
    const nudge = { ...orderCreated(), nudge: 'n1' };
    const answerRow = { pk, sk: `OUTBOX#PaymentDeclined:${orderId}#n1`, events: '[]' };
    const unanswered = await tablesWith({ payments: [declinedRow] });
    expect(await predict('order-payments', nudge, unanswered)).toEqual({
      effect: 'apply',
      reason: 'publishes PaymentDeclined',
    });
    const answered = await tablesWith({ payments: [declinedRow, answerRow] });
    expect(await predict('order-payments', nudge, answered)).toEqual(alreadyDecided);
  });

  test.each([
    ['not json', 'not JSON'],
    [{}, 'not an event envelope'],
    [{ ...orderCreated(), version: 9 }, 'version 9 of OrderCreated is unknown'],
    [{ ...orderCreated(), data: { order_id: 1 } }, 'OrderCreated does not match its schema'],
    [paymentAuthorized(), 'PaymentAuthorized is not an event of this queue'],
    [[orderCreated()], 'not an event envelope'],
  ])('predicts another failure of %j', async (body, reason) => {
    expect(await predict('order-payments', body, await tablesWith())).toEqual({
      effect: 'fail_again',
      reason: expect.stringContaining(reason),
    });
  });
});

describe('the dry run of other queues', () => {
  test('predicts that a payment moves only an order that waits for it', async () => {
    const states = [{ status: 'NEW' }, { status: 'FINISHED' }, { status: 'CANCELLED', reason: 'insufficient_funds' }];
    const effects = await Promise.all(
      states.map(async (state) =>
        predict('payment-status', paymentAuthorized(), await tablesWith({ orders: [orderRow(state)] })),
      ),
    );
    expect(effects.map(({ effect }) => effect)).toEqual(['apply', 'no_effect', 'no_effect']);
    expect(effects[0]?.reason).toBe(`writes ${pk} STATE (PAYMENT_AUTHORIZED)`);
  });

  test('predicts that a ticket finishes a paid order', async () => {
    const tables = await tablesWith({ orders: [orderRow({ status: 'PAYMENT_AUTHORIZED' })] });
    expect(await predict('ticket-status', ticketIssued(), tables)).toEqual({
      effect: 'apply',
      reason: `writes ${pk} STATE (FINISHED)`,
    });
  });

  test('predicts a ticket for a paid order that has none', async () => {
    expect(await predict('ticket-issuing', paymentAuthorized(), await tablesWith())).toEqual({
      effect: 'apply',
      reason: `writes ${pk} TICKET (issued); publishes TicketIssued`,
    });
    const issued = await tablesWith({ tickets: [ticketRow] });
    expect(await predict('ticket-issuing', paymentAuthorized(), issued)).toEqual(alreadyDecided);
  });

  test('predicts a refund of a paid order, and a failure if nothing was paid', async () => {
    const paid = await tablesWith({ payments: [accountRow, authorizedRow] });
    expect(await predict('order-refunds-payments', refundRequested(), paid)).toMatchObject({
      effect: 'apply',
      reason: expect.stringContaining('publishes PaymentRefunded'),
    });
    const unpaid = await tablesWith({ payments: [accountRow] });
    expect(await predict('order-refunds-payments', refundRequested(), unpaid)).toMatchObject({
      effect: 'fail_again',
      reason: expect.stringMatching(/^Rejected: .*alice.* for the order a{26}/),
    });
  });

  test('predicts that a refund voids an issued ticket, and not a void one', async () => {
    const effects = await Promise.all(
      ['issued', 'voided'].map(async (decision) =>
        predict(
          'order-refunds-tickets',
          refundRequested(),
          await tablesWith({ tickets: [{ ...ticketRow, decision }] }),
        ),
      ),
    );
    expect(effects.map(({ effect }) => effect)).toEqual(['apply', 'no_effect']);
  });

  test('predicts an effect of product and stock changes only for a newer version', async () => {
    const tables = await tablesWith({ tickets: [stockRow], catalog: [productRow] });
    const effectOf = async (queue: string, event: unknown) => (await predict(queue, event, tables)).effect;
    expect(await effectOf('product-changes', productChanged(2))).toBe('apply');
    expect(await effectOf('product-changes', productChanged(1))).toBe('no_effect');
    expect(await effectOf('catalog-invalidation', stockChanged(2))).toBe('apply');
    expect(await effectOf('catalog-invalidation', stockChanged(1))).toBe('no_effect');
  });

  test('predicts an effect of a balance only for a newer version', async () => {
    const userRow = { pk: 'USER#alice', sk: 'STATE', user_id: 'alice', balance: 5, version: 2, updated_at: noon };
    const summaryKey = `SUMMARY#${bucketOf('alice').split(':')[1]}`;
    const tables = await tablesWith({ balances: [{ ...userRow, bucket: bucketOf('alice') }] });
    expect(await predict('balance_updates', balancesUpdated(3), tables)).toEqual({
      effect: 'apply',
      reason: `writes USER#alice STATE, ${summaryKey} ${bucketOf('alice')}`,
    });
    expect(await predict('balance_updates', balancesUpdated(2), tables)).toEqual(alreadyDecided);
  });

  test('predicts that a new document is stored, a stored one has no effect, and an invalid one fails', async () => {
    const [document] = generateDocuments({ count: 1, seed: 1 });
    const text = String(document?.text);
    const submitted = documentSubmitted(text);
    const uid = submitted.data.order_uid;
    const hash = createHash('sha256').update(text).digest('hex');
    const key = { pk: `DOCUMENT#${uid}`, sk: 'STATE' };
    const documentRow = { ...key, order_uid: uid, document: text, instant: 'x', hash, version: 1 };
    expect(await predict('order-documents', submitted, await tablesWith())).toEqual({
      effect: 'apply',
      reason: `writes DOCUMENT#${uid} STATE; publishes OrderFound`,
    });
    const stored = await tablesWith({ documents: [documentRow] });
    expect(await predict('order-documents', submitted, stored)).toEqual(alreadyDecided);
    expect(await predict('order-documents', documentSubmitted(text.slice(1)), stored)).toEqual({
      effect: 'fail_again',
      reason: expect.stringContaining('not an order document: body: malformed JSON'),
    });
  });

  test('predicts the answer to a lookup, and no effect of an answer that is too old', async () => {
    const tables = await tablesWith();
    const cause = { time: noon, correlation_id: 'a', causation_id: 'r1' };
    const lookup = OrderLookupRequested.make({ order_uid: 'a', lookup_id: 'l1' }, cause);
    expect((await predict('order-lookup', lookup, tables)).reason).toBe('publishes OrderNotFound');
    const answer = { order_uid: 'a', in_reply_to: 'l1' };
    const fresh = OrderNotFound.make(answer, { ...cause, time: new Date().toISOString() });
    expect((await predict('order-found', fresh, tables)).reason).toBe('writes CACHE#a STATE');
    expect((await predict('order-found', OrderNotFound.make(answer, cause), tables)).effect).toBe('no_effect');
  });

  test('predicts another failure of an event about an unknown order', async () => {
    expect(await predict('payment-status', paymentAuthorized(), await tablesWith())).toEqual({
      effect: 'fail_again',
      reason: `Rejected: There is no order ${orderId}.`,
    });
  });

  test('predicts that parked events are sent to the bus', async () => {
    const tables = await tablesWith();
    expect(await predict('outbox-retry', [orderCreated(), paymentAuthorized()], tables)).toEqual({
      effect: 'apply',
      reason: 'sends 2 events to the bus',
    });
    expect((await predict('outbox-retry', 'nothing', tables)).effect).toBe('fail_again');
  });

  test('predicts nothing for a queue without a dry run', async () => {
    expect(await predict('tomorrow', orderCreated(), await tablesWith())).toMatchObject({ effect: 'unknown' });
  });
});

test('predictEffects gives an effect only to the first of two messages with the same event', async () => {
  const messages = [deadLetterWith(orderCreated()), deadLetterWith(orderCreated())];
  const predictions = await predictEffects('order-payments', messages, await tablesWith());
  expect(predictions.map(({ effect }) => effect.effect)).toEqual(['apply', 'no_effect']);
});
