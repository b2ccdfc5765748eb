import { describe, expect, inject, test } from 'vitest';
import { ApiClient } from '../support/api-client.ts';
import { EngineAccess } from '../support/engine-access.ts';
import { findLedgerErrors, merchantBalance } from '../support/ledger-check.ts';

const shop = new ApiClient(inject('url'));
const engine = new EngineAccess(inject('endpoint'));

describe('a refund', () => {
  test('of a finished order returns the payment and frees the seat', async () => {
    const sku = await shop.product({ price: 40, stock: 1 });
    const [first = '', second = ''] = await shop.customers(2, 100);
    const seat = { sku, quantity: 1, seat: 'A1' };
    const id = await shop.orderItems(first, seat);
    await shop.waitForFinalState(id);
    const response = await shop.refund(id, { reason: 'it rains' });
    expect(response).toMatchObject({ status: 202 });
    expect(response.body).toEqual({ order_id: id, status: 'refund_initiated' });
    expect(await shop.waitForFinalState(id)).toMatchObject({ status: 'REFUNDED' });
    expect(await shop.balance(first)).toBe(100);
    expect(await shop.waitForFinalState(await shop.orderItems(second, seat))).toMatchObject({ status: 'FINISHED' });
    expect(await shop.balance(second)).toBe(60);
    const { outbox, steps } = await shop.workflow(id);
    expect(outbox.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['RefundRequested', 'PaymentRefunded', 'TicketVoided']),
    );
    expect(steps.map(({ status }) => status)).toEqual(['done', 'done', 'done', 'done', 'done']);
    const rows = await engine.rows('payments');
    expect(findLedgerErrors(rows)).toEqual([]);
    expect(merchantBalance(rows, [first])).toBe(0n);
  });

  test('of an order without items returns the payment and needs no body', async () => {
    const customer = await shop.customer(100);
    const id = await shop.order(customer, 30);
    await shop.waitForFinalState(id);
    expect((await shop.refund(id)).status).toBe(202);
    expect(await shop.waitForFinalState(id)).toMatchObject({ status: 'REFUNDED' });
    expect(await shop.balance(customer)).toBe(100);
  });

  test('is rejected the second time and changes nothing', async () => {
    const customer = await shop.customer(100);
    const id = await shop.order(customer, 30);
    await shop.waitForFinalState(id);
    const responses = await Promise.all(Array.from({ length: 20 }, () => shop.refund(id)));
    expect(responses.map(({ status }) => status).sort()).toEqual([202, ...Array(19).fill(409)]);
    expect(await shop.waitForFinalState(id)).toMatchObject({ status: 'REFUNDED' });
    expect(await shop.refund(id)).toMatchObject({ status: 409, body: { code: 'not_refundable' } });
    expect(await shop.balance(customer)).toBe(100);
    expect(await shop.statement(customer)).toHaveLength(3);
  });

  test('of a cancelled order is rejected and changes nothing', async () => {
    const customer = await shop.customer(10);
    const id = await shop.order(customer, 30);
    const cancelled = await shop.waitForFinalState(id);
    expect(await shop.refund(id)).toMatchObject({ status: 409, body: { code: 'not_refundable' } });
    expect((await shop.get(`/orders/${id}`)).body).toEqual(cancelled);
    expect(await shop.balance(customer)).toBe(10);
  });

  test('of an unknown order returns 404', async () => {
    expect((await shop.refund('a'.repeat(26))).status).toBe(404);
    expect((await shop.refund('nope')).status).toBe(404);
  });

  test('with an invalid body returns 400', async () => {
    const id = await shop.order(await shop.customer(100), 30);
    expect((await shop.refund(id, { reason: 7 })).status).toBe(400);
    expect((await shop.refund(id, { unknown: 'field' })).status).toBe(400);
  });

  test('that is requested 20 times concurrently with one Idempotency-Key is made once and gets equal responses', async () => {
    const customer = await shop.customer(100);
    const id = await shop.order(customer, 30);
    await shop.waitForFinalState(id);
    const body = { reason: 'it rains' };
    const responses = await Promise.all(Array.from({ length: 20 }, () => shop.refund(id, body, { key: 'key-1' })));
    for (const response of responses)
      expect(response).toMatchObject({ status: 202, body: { order_id: id, status: 'refund_initiated' } });
    expect(responses.filter(({ headers }) => headers.get('idempotency-replayed') === 'true')).toHaveLength(19);
    expect(await shop.waitForFinalState(id)).toMatchObject({ status: 'REFUNDED' });
    expect((await shop.refund(id, body, { key: 'key-1' })).status).toBe(202);
    expect(await shop.refund(id, { reason: 'other' }, { key: 'key-1' })).toMatchObject({
      status: 422,
      body: { code: 'idempotency_key_reused' },
    });
    expect(await shop.balance(customer)).toBe(100);
    expect(await shop.statement(customer)).toHaveLength(3);
  });
});
