import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { effectsOf } from '../../../bin/ops/dlq-redrive.ts';
import { effectOf } from '../../../bin/ops/dry-run-consumers.ts';
import { OrderLookupRequested } from '../../../events/documents/order-lookup-requested.ts';
import { OrderNotFound } from '../../../events/documents/order-not-found.ts';
import { bucketOf } from '../../../events/payments/bucket.ts';
import { generateDocuments } from '../../../tools/generated-documents.ts';
import {
  authorized,
  balanceUpdated,
  created,
  dead,
  documentSubmitted,
  issued,
  orderId,
  productChanged,
  refundRequested,
  stockChanged,
  tablesWith,
} from '../../support/dlq-samples.ts';

const noon = '2026-01-01T12:00:00.000Z';
const pk = `ORDER#${orderId}`;
const account = { pk: 'ACCOUNT#alice', sk: 'STATE', user_id: 'alice', balance: 100, version: 1, updated_at: noon };
const declined = {
  pk,
  sk: 'PAYMENT',
  decision: 'declined',
  order_amount: 10,
  decline_reason: 'insufficient_funds',
  at: noon,
};
const paid = { pk, sk: 'PAYMENT', user_id: 'alice', decision: 'authorized', amount: -10, balance_after: 90, at: noon };
const placed = { id: orderId, user_id: 'alice', amount: 10, created_at: noon, updated_at: noon, version: 1 };
const order = (state: { status: string }) => ({ pk, sk: 'STATE', ...placed, state });
const ticket = { pk, sk: 'TICKET', decision: 'issued', ticket_id: 't1', version: 1, at: noon };
const stock = { pk: 'SKU#gig', sk: 'STOCK', sku: 'gig', capacity: 5, claimed: 0, version: 1, product_version: 1 };
const product = {
  ...{ pk: 'PRODUCT#gig', sk: 'STATE', sku: 'gig', name: 'Gig', price: 5, capacity: 5 },
  ...{ version: 1, claimed: 0, claimed_version: 1 },
};

const decided = { effect: 'no_effect', reason: 'it is decided already' };

describe('a dry run says that', () => {
  test('an order whose payment is open would be paid', async () => {
    const effect = await effectOf('order-payments', dead(created()), await tablesWith({ payments: [account] }));
    expect(effect).toEqual({
      effect: 'apply',
      reason: `writes ACCOUNT#alice STATE, ${pk} PAYMENT (authorized); states PaymentAuthorized, BalancesUpdated`,
    });
  });

  test('and nothing is done by saying so', async () => {
    const tables = await tablesWith({ payments: [account] });
    await effectOf('order-payments', dead(created()), tables);
    expect(await tables.payments.query({ partition: pk })).toEqual([]);
    expect(await tables.payments.get(account)).toEqual(account);
  });

  test('a payment that is decided stays decided', async () => {
    const tables = await tablesWith({ payments: [declined] });
    expect(await effectOf('order-payments', dead(created()), tables)).toEqual(decided);
  });

  test('a nudge is answered again from the decision, once', async () => {
    const nudge = { ...created(), nudge: 'n1' };
    const answered = { pk, sk: `OUTBOX#PaymentDeclined:${orderId}#n1`, events: '[]' };
    const open = await effectOf('order-payments', dead(nudge), await tablesWith({ payments: [declined] }));
    expect(open).toEqual({ effect: 'apply', reason: 'states PaymentDeclined' });
    const told = await effectOf('order-payments', dead(nudge), await tablesWith({ payments: [declined, answered] }));
    expect(told).toEqual(decided);
  });

  test('a payment moves an order that waits for it, and no other', async () => {
    const states = [{ status: 'NEW' }, { status: 'FINISHED' }, { status: 'CANCELLED', reason: 'insufficient_funds' }];
    const effects = await Promise.all(
      states.map(async (state) =>
        effectOf('payment-status', dead(authorized()), await tablesWith({ orders: [order(state)] })),
      ),
    );
    expect(effects.map(({ effect }) => effect)).toEqual(['apply', 'no_effect', 'no_effect']);
    expect(effects[0]?.reason).toBe(`writes ${pk} STATE (PAYMENT_AUTHORIZED)`);
  });

  test('a ticket moves an order that is paid', async () => {
    const tables = await tablesWith({ orders: [order({ status: 'PAYMENT_AUTHORIZED' })] });
    expect(await effectOf('ticket-status', dead(issued()), tables)).toEqual({
      effect: 'apply',
      reason: `writes ${pk} STATE (FINISHED)`,
    });
  });

  test('an order that is paid would get its ticket, and one that has it would not', async () => {
    const open = await effectOf('ticket-issuing', dead(authorized()), await tablesWith());
    expect(open).toEqual({ effect: 'apply', reason: `writes ${pk} TICKET (issued); states TicketIssued` });
    const done = await effectOf('ticket-issuing', dead(authorized()), await tablesWith({ tickets: [ticket] }));
    expect(done).toEqual(decided);
  });

  test('a refund gives money back where it was taken, and would fail where none was', async () => {
    const taken = await tablesWith({ payments: [account, paid] });
    expect(await effectOf('order-refunds-payments', dead(refundRequested()), taken)).toMatchObject({
      effect: 'apply',
      reason: expect.stringContaining('states PaymentRefunded'),
    });
    const none = await tablesWith({ payments: [account] });
    expect(await effectOf('order-refunds-payments', dead(refundRequested()), none)).toMatchObject({
      effect: 'fail_again',
      reason: expect.stringContaining('nothing was taken'),
    });
  });

  test('a refund voids a ticket once', async () => {
    const effects = await Promise.all(
      ['issued', 'voided'].map(async (status) =>
        effectOf(
          'order-refunds-tickets',
          dead(refundRequested()),
          await tablesWith({ tickets: [{ ...ticket, decision: status }] }),
        ),
      ),
    );
    expect(effects.map(({ effect }) => effect)).toEqual(['apply', 'no_effect']);
  });

  test('news of a product or of its stock count where they are new', async () => {
    const tables = await tablesWith({ tickets: [stock], catalog: [product] });
    const would = async (queue: string, event: unknown) => (await effectOf(queue, dead(event), tables)).effect;
    expect(await would('product-changes', productChanged(2))).toBe('apply');
    expect(await would('product-changes', productChanged(1))).toBe('no_effect');
    expect(await would('catalog-invalidation', stockChanged(2))).toBe('apply');
    expect(await would('catalog-invalidation', stockChanged(1))).toBe('no_effect');
  });

  test('a balance counts where it is newer than what is known', async () => {
    const known = { pk: 'USER#alice', sk: 'STATE', user_id: 'alice', balance: 5, version: 2, updated_at: noon };
    const shard = `SUMMARY#${bucketOf('alice').split(':')[1]}`;
    const tables = await tablesWith({ balances: [{ ...known, bucket: bucketOf('alice') }] });
    expect(await effectOf('balance_updates', dead(balanceUpdated(3)), tables)).toEqual({
      effect: 'apply',
      reason: `writes USER#alice STATE, ${shard} ${bucketOf('alice')}`,
    });
    expect(await effectOf('balance_updates', dead(balanceUpdated(2)), tables)).toEqual(decided);
  });

  test('a document would be written where it is new, and dies again of its faults', async () => {
    const [one] = generateDocuments({ count: 1, seed: 1 });
    const text = String(one?.text);
    const submitted = documentSubmitted(text);
    const uid = submitted.data.order_uid;
    const hash = createHash('sha256').update(text).digest('hex');
    const record = {
      pk: `DOCUMENT#${uid}`,
      sk: 'STATE',
      order_uid: uid,
      document: text,
      instant: 'x',
      hash,
      version: 1,
    };
    expect(await effectOf('order-documents', dead(submitted), await tablesWith())).toEqual({
      effect: 'apply',
      reason: `writes DOCUMENT#${uid} STATE; states OrderFound`,
    });
    const kept = await tablesWith({ documents: [record] });
    expect(await effectOf('order-documents', dead(submitted), kept)).toEqual(decided);
    expect(await effectOf('order-documents', dead(documentSubmitted(text.slice(1))), kept)).toEqual({
      effect: 'fail_again',
      reason: expect.stringContaining('not an order document: body: malformed JSON'),
    });
  });

  test('a lookup would be answered, and an answer that is too old would change nothing', async () => {
    const tables = await tablesWith();
    const time = noon;
    const cause = { time, correlation_id: 'a', causation_id: 'r1' };
    const lookup = OrderLookupRequested.make({ order_uid: 'a', lookup_id: 'l1' }, cause);
    expect((await effectOf('order-lookup', dead(lookup), tables)).reason).toBe('states OrderNotFound');
    const answer = OrderNotFound.make({ order_uid: 'a', in_reply_to: 'l1' }, { ...cause, time: new Date().toISOString() });
    expect((await effectOf('order-found', dead(answer), tables)).reason).toBe('writes CACHE#a STATE');
    const old = OrderNotFound.make({ order_uid: 'a', in_reply_to: 'l1' }, cause);
    expect((await effectOf('order-found', dead(old), tables)).effect).toBe('no_effect');
  });

  test('an event about an order that is nowhere would fail again', async () => {
    const effect = await effectOf('payment-status', dead(authorized()), await tablesWith());
    expect(effect).toEqual({ effect: 'fail_again', reason: `Rejected: There is no order ${orderId}.` });
  });

  test.each([
    ['not json', 'not JSON'],
    [{}, 'not our envelope'],
    [{ ...created(), version: 9 }, 'OrderCreated version 9 is unknown here'],
    [{ ...created(), data: { order_id: 1 } }, 'OrderCreated breaks its schema'],
    [authorized(), 'PaymentAuthorized is not for this queue'],
    [[created()], 'not our envelope'],
  ])('%j would fail again', async (body, because) => {
    expect(await effectOf('order-payments', dead(body), await tablesWith())).toEqual({
      effect: 'fail_again',
      reason: expect.stringContaining(because),
    });
  });

  test('parked events go to the bus', async () => {
    const effect = await effectOf('outbox-retry', dead([created(), authorized()]), await tablesWith());
    expect(effect).toEqual({ effect: 'apply', reason: '2 events to the bus' });
    expect((await effectOf('outbox-retry', dead('nothing'), await tablesWith())).effect).toBe('fail_again');
  });

  test('of a queue that it does not know, it does not know', async () => {
    expect(await effectOf('tomorrow', dead(created()), await tablesWith())).toMatchObject({ effect: 'unknown' });
  });

  test('of two messages that say the same, only the first has an effect', async () => {
    const told = await effectsOf('order-payments', [dead(created()), dead(created())], await tablesWith());
    expect(told.map(({ effect }) => effect.effect)).toEqual(['apply', 'no_effect']);
  });
});
