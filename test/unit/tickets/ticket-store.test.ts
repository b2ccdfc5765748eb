import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Item } from '../../../events/items.ts';
import { versionIs } from '../../../lambdas/shared/store/store.ts';
import { noon } from '../../support/fixtures.ts';
import {
  createTicketFixture,
  orderId,
  paymentAuthorized,
  productChanged,
  refundRequested,
} from '../../support/ticket-fixture.ts';

const seat = (name: string) => ({ sku: 'concert', quantity: 1, seat: name });
const shirts = (quantity: number) => ({ sku: 'shirt', quantity });
const letters = [...'abcdefghij'];

describe('issuing', () => {
  test('gives an order without items a general ticket', async () => {
    const { issue, published, ticket } = await createTicketFixture();
    expect(await issue(paymentAuthorized('a'))).toEqual([]);
    expect(published().map(({ type, data }) => [type, data])).toEqual([
      ['TicketIssued', { order_id: orderId('a'), ticket_id: (await ticket('a'))?.['ticket_id'] }],
    ]);
    expect(await ticket('a')).toMatchObject({
      decision: 'issued',
      version: 1,
      receipts: { [`PaymentAuthorized:${orderId('a')}`]: { consumer: 'ticket-issuing', receive_count: 1 } },
    });
    expect(await ticket('a')).not.toHaveProperty('expires_at');
  });

  test('claims stock and seats and publishes each stock in the transaction of the ticket', async () => {
    const { issue, published, stock, seats, transactions } = await createTicketFixture({ concert: 10, shirt: 5 });
    const items = [seat('A1'), seat('A2'), shirts(2)];
    await issue(paymentAuthorized('a', items));
    expect(transactions).toHaveLength(1);
    // The ticket, two stock rows, two seats, and the outbox records of the order and of each product.
    expect(transactions[0]).toHaveLength(8);
    expect(await stock('concert')).toMatchObject({ capacity: 10, claimed: 2, version: 1 });
    expect(await stock('shirt')).toMatchObject({ capacity: 5, claimed: 2, version: 1 });
    expect(seats()).toEqual(['concert A1 a', 'concert A2 a']);
    expect(published('TicketIssued')[0]?.data).toMatchObject({ items });
    expect(published('StockChanged').map(({ data }) => data)).toEqual([
      { sku: 'concert', claimed: 2, version: 1 },
      { sku: 'shirt', claimed: 2, version: 1 },
    ]);
    expect(published().every(({ correlation_id }) => correlation_id === orderId('a'))).toBe(true);
  });

  test('rejects an order with a taken seat and claims nothing of it', async () => {
    const { issue, published, stock, seats, ticket } = await createTicketFixture({ concert: 10, shirt: 5 });
    await issue(paymentAuthorized('a', [seat('A1')]));
    await issue(paymentAuthorized('b', [shirts(1), seat('A1')]));
    expect(published('TicketRejected').map(({ data }) => data)).toEqual([
      { order_id: orderId('b'), reason: 'seat_taken', sku: 'concert', seat: 'A1' },
    ]);
    expect(await stock('shirt')).toMatchObject({ claimed: 0, version: 0 });
    expect(seats()).toEqual(['concert A1 a']);
    expect(await ticket('b')).toMatchObject({ decision: 'rejected', reason: 'seat_taken' });
  });

  test('rejects orders for a sold-out product without a write to the stock', async () => {
    const { issue, published, transactions } = await createTicketFixture({ shirt: 1 });
    await issue(paymentAuthorized('a', [shirts(1)]));
    transactions.length = 0;
    await issue(...letters.slice(1).map((letter) => paymentAuthorized(letter, [shirts(1)])));
    expect(published('TicketRejected')).toHaveLength(9);
    expect(transactions.flat().map((write) => ('key' in write ? write.key.pk : write.row.pk))).not.toContain(
      'SKU#shirt',
    );
  });

  test('requeues an order, which is not a failure, until its product has been received', async () => {
    const { issue, setCapacity, queue, table, published, clock } = await createTicketFixture();
    expect(await issue(paymentAuthorized('a', [shirts(1)]))).toEqual([]);
    expect(queue.requeued).toHaveLength(1);
    expect(queue.visibilityChanges.flat()).toEqual([]);
    expect(table.all()).toEqual([]);
    clock.pass(1000);
    await setCapacity(productChanged('shirt', 1));
    await issue(paymentAuthorized('a', [shirts(1)]));
    expect(published('TicketIssued')).toHaveLength(1);
  });
});

describe('concurrent orders', () => {
  test('for one seat: one gets a ticket, all others are rejected', async () => {
    const { issue, published, seats, stock, queue } = await createTicketFixture({ concert: 100 });
    await Promise.all(
      [letters.slice(0, 5), letters.slice(5)].map((batch) =>
        issue(...batch.map((letter) => paymentAuthorized(letter, [seat('A1')]))),
      ),
    );
    expect(published('TicketIssued')).toHaveLength(1);
    expect(published('TicketRejected').map(({ data }) => (data as { reason: string }).reason)).toEqual(
      Array(9).fill('seat_taken'),
    );
    expect(seats()).toHaveLength(1);
    expect(await stock('concert')).toMatchObject({ claimed: 1, version: 1 });
    expect(queue.requeued).toEqual([]);
  });

  test('are decided again if a seat was taken between read and write', async () => {
    const { issue, beforeNextWrite, table, published } = await createTicketFixture({ concert: 100 });
    const taken = { pk: 'SKU#concert', sk: 'SEAT#A1', order_id: orderId('z'), version: 1 };
    beforeNextWrite(() => table.write([{ op: 'put', row: taken }], 'token'));
    expect(await issue(paymentAuthorized('a', [seat('A1')]))).toEqual([]);
    expect(published().map(({ type }) => type)).toEqual(['TicketRejected']);
  });

  test('for more than the capacity: as many tickets are issued as the capacity allows', async () => {
    const { issue, published, stock } = await createTicketFixture({ shirt: 7 });
    await issue(...letters.map((letter) => paymentAuthorized(letter, [shirts(2)])));
    expect(published('TicketIssued')).toHaveLength(3);
    expect(published('TicketRejected').every(({ data }) => (data as { reason: string }).reason === 'sold_out')).toBe(
      true,
    );
    expect(await stock('shirt')).toMatchObject({ claimed: 6 });
    expect(published('StockChanged').map(({ data }) => data)).toEqual([{ sku: 'shirt', claimed: 6, version: 1 }]);
  });
});

describe('orders of one batch', () => {
  const twentySeats = (row: string) => Array.from({ length: 20 }, (_, index) => seat(`${row}${index}`));

  test('are decided in one transaction if they are for the same products, whatever their lines', async () => {
    const { issue, transactions, stock, published, ticket } = await createTicketFixture({ concert: 50, shirt: 50 });
    await issue(
      paymentAuthorized('a', [seat('A1'), shirts(2)]),
      paymentAuthorized('b', [shirts(1), seat('A2')]),
      paymentAuthorized('c', [shirts(1), seat('A1'), shirts(1)]),
    );
    expect(transactions).toHaveLength(1);
    expect(await stock('shirt')).toMatchObject({ claimed: 3, version: 1 });
    expect(await stock('concert')).toMatchObject({ claimed: 2, version: 1 });
    expect(published('StockChanged')).toHaveLength(2);
    expect(await ticket('c')).toMatchObject({ decision: 'rejected', reason: 'seat_taken' });
    for (const letter of 'abc')
      expect(await ticket(letter)).toMatchObject({
        receipts: { [`PaymentAuthorized:${orderId(letter)}`]: { consumer: 'ticket-issuing' } },
      });
  });

  test('share a transaction as far as its limit of 100 items allows', async () => {
    const { issue, transactions, stock, seats } = await createTicketFixture({ concert: 1000 });
    expect(await issue(...letters.map((letter) => paymentAuthorized(letter, twentySeats(letter))))).toEqual([]);
    // Four orders of 22 items each and two items of the product: a fifth order would exceed 100 items.
    expect(transactions.map((writes) => writes.length)).toEqual([90, 90, 46]);
    expect(await stock('concert')).toMatchObject({ claimed: 200, version: 3 });
    expect(seats()).toHaveLength(200);
  });

  test('are all decided again if another batch was faster', async () => {
    const { issue, beforeNextWrite, published, stock, ticket } = await createTicketFixture({ shirt: 3 });
    beforeNextWrite(() => issue(paymentAuthorized('b', [shirts(2)]), paymentAuthorized('z', [shirts(1)])));
    expect(await issue(paymentAuthorized('a', [shirts(1)]), paymentAuthorized('b', [shirts(2)]))).toEqual([]);
    expect(await ticket('a')).toMatchObject({ decision: 'rejected', reason: 'sold_out' });
    expect(await ticket('b')).toMatchObject({ decision: 'issued' });
    expect(published('TicketIssued')).toHaveLength(2);
    expect(await stock('shirt')).toMatchObject({ claimed: 3, version: 1 });
  });

  test('do not wait for the products of other orders', async () => {
    const { issue, published, queue } = await createTicketFixture({ shirt: 5 });
    await issue(
      paymentAuthorized('a', [shirts(1)]),
      paymentAuthorized('b', [shirts(1), { sku: 'hat', quantity: 1 }]),
      paymentAuthorized('c'),
    );
    expect(
      published('TicketIssued')
        .map(({ correlation_id }) => correlation_id[0])
        .sort(),
    ).toEqual(['a', 'c']);
    expect(queue.requeued).toHaveLength(1);
  });

  test('are answered once for each nudge, and not for a duplicate', async () => {
    const { issue, published } = await createTicketFixture({ shirt: 5 });
    await issue(paymentAuthorized('a', [shirts(1)]));
    const nudge = paymentAuthorized('a', [shirts(1)], 'sweep-1');
    await issue(nudge, paymentAuthorized('a', [shirts(1)]), paymentAuthorized('b', [shirts(1)]), nudge);
    expect(published('TicketIssued').map(({ correlation_id, nudge }) => [correlation_id[0], nudge])).toEqual([
      ['a', undefined],
      ['a', 'sweep-1'],
      ['b', undefined],
    ]);
  });

  test('are requeued if they are recent, although an older order of the batch is dead-lettered', async () => {
    const { issueAtLastReceive, clock, queue } = await createTicketFixture();
    clock.pass(61 * 60_000);
    const published_at = new Date(clock.now() - 60_000).toISOString();
    await issueAtLastReceive(paymentAuthorized('a', [shirts(1)]), {
      ...paymentAuthorized('b', [shirts(1)]),
      published_at,
    });
    expect(queue.deadLettered.map(({ body }) => body.includes(orderId('a')))).toEqual([true]);
    expect(queue.requeued.map(({ body }) => body.includes(orderId('b')))).toEqual([true]);
  });
});

describe('a refund', () => {
  test('voids the ticket and releases its claims for other orders', async () => {
    const { issue, refund, published, stock, seats, ticket } = await createTicketFixture({ concert: 1, shirt: 5 });
    await issue(paymentAuthorized('a', [seat('A1'), shirts(3)]));
    const ticket_id = (await ticket('a'))?.['ticket_id'];
    await refund(refundRequested('a'));
    expect(published('TicketVoided').map(({ data }) => data)).toEqual([{ order_id: orderId('a'), ticket_id }]);
    expect(await stock('shirt')).toMatchObject({ claimed: 0, version: 2 });
    expect(seats()).toEqual([]);
    expect(await ticket('a')).toMatchObject({ decision: 'voided', version: 2, ticket_id });
    expect(Object.keys((await ticket('a'))?.['receipts'] as object)).toEqual([
      `PaymentAuthorized:${orderId('a')}`,
      `RefundRequested:${orderId('a')}`,
    ]);
    await issue(paymentAuthorized('b', [seat('A1')]));
    expect(seats()).toEqual(['concert A1 b']);
    expect(published('StockChanged').map(({ data }) => data)).toContainEqual({
      sku: 'concert',
      claimed: 1,
      version: 3,
    });
  });

  test('of a general ticket voids it without a change of stock', async () => {
    const { issue, refund, published } = await createTicketFixture();
    await issue(paymentAuthorized('a'));
    await refund(refundRequested('a'));
    expect(published().map(({ type }) => type)).toEqual(['TicketIssued', 'TicketVoided']);
  });

  test('of a rejected order publishes nothing, not even for a nudge', async () => {
    const { issue, refund, table, queue } = await createTicketFixture({ shirt: 0 });
    await issue(paymentAuthorized('a', [shirts(1)]));
    const before = table.all();
    expect(await refund(refundRequested('a'), refundRequested('a', 'sweep-1'))).toEqual([]);
    expect(table.all()).toEqual(before);
    expect(queue.deadLettered).toEqual([]);
  });

  test('before the payment writes a void ticket, so that none is issued later', async () => {
    const { issue, refund, published, stock, ticket } = await createTicketFixture({ shirt: 5 });
    await refund(refundRequested('a'));
    expect(await ticket('a')).toMatchObject({ decision: 'voided', version: 1 });
    await issue(paymentAuthorized('a', [shirts(1)]), paymentAuthorized('a', [shirts(1)], 'sweep-1'));
    expect(published().map(({ type, data }) => [type, data])).toEqual([['TicketVoided', { order_id: orderId('a') }]]);
    expect(await stock('shirt')).toMatchObject({ claimed: 0 });
  });

  test.each([[[seat('A1')]], [undefined]])('voids a ticket that is issued at the same time: %j', async (items) => {
    for (const first of ['payment', 'refund'] as const) {
      const { issue, refund, beforeNextWrite, published, stock, ticket, seats } = await createTicketFixture({
        concert: 5,
      });
      const pay = () => issue(paymentAuthorized('a', items));
      const requestRefund = () => refund(refundRequested('a'));
      beforeNextWrite(first === 'payment' ? pay : requestRefund);
      expect(await (first === 'payment' ? requestRefund() : pay())).toEqual([]);
      expect(await ticket('a')).toMatchObject({ decision: 'voided' });
      expect(published('TicketVoided')).toHaveLength(1);
      expect(published('TicketIssued')).toHaveLength(first === 'payment' ? 1 : 0);
      expect(await stock('concert')).toMatchObject({ claimed: 0 });
      expect(seats()).toEqual([]);
    }
  });

  test.each([
    ['was deleted', undefined],
    ['belongs to another order', orderId('z')],
  ])('voids the ticket if one of its seats %s, and leaves that row alone', async (_, owner) => {
    const { issue, refund, table, queue, published, stock, seats, ticket } = await createTicketFixture({ concert: 5 });
    await issue(paymentAuthorized('a', [seat('A1'), seat('A2')]));
    const key = { pk: 'SKU#concert', sk: 'SEAT#A1' };
    const row = { ...key, sku: 'concert', seat: 'A1', order_id: owner, version: 1 };
    await table.write([owner ? { op: 'put', row } : { op: 'delete', key, when: versionIs(1) }], 'token');
    expect(await refund(refundRequested('a'))).toEqual([]);
    expect(queue.requeued).toEqual([]);
    expect(published('TicketVoided')).toHaveLength(1);
    expect(await ticket('a')).toMatchObject({ decision: 'voided' });
    expect(await stock('concert')).toMatchObject({ claimed: 0 });
    expect(seats()).toEqual(owner ? ['concert A1 z'] : []);
  });

  test('voids the ticket if a stock row was deleted, and releases the other claims', async () => {
    const { issue, refund, table, published, stock, seats } = await createTicketFixture({ concert: 5, shirt: 5 });
    await issue(paymentAuthorized('a', [seat('A1'), shirts(2)]));
    await table.write([{ op: 'delete', key: { pk: 'SKU#shirt', sk: 'STOCK' }, when: versionIs(1) }], 'token');
    expect(await refund(refundRequested('a'))).toEqual([]);
    expect(published('TicketVoided')).toHaveLength(1);
    expect(await stock('shirt')).toBeUndefined();
    expect(await stock('concert')).toMatchObject({ claimed: 0 });
    expect(seats()).toEqual([]);
  });

  test.each([[[seat('A1')]], [undefined]])(
    'voids the ticket once if it is delivered twice at the same time: %j',
    async (items) => {
      const { issue, refund, beforeNextWrite, published } = await createTicketFixture({ concert: 5 });
      await issue(paymentAuthorized('a', items));
      beforeNextWrite(() => refund(refundRequested('a')));
      expect(await refund(refundRequested('a'))).toEqual([]);
      expect(published('TicketVoided')).toHaveLength(1);
    },
  );
});

describe('a repeated event', () => {
  test('changes nothing', async () => {
    const { issue, refund, table } = await createTicketFixture({ concert: 5 });
    const deliverAll = async () => {
      const rowsBefore = table.all();
      await issue(paymentAuthorized('a', [seat('A1')]), paymentAuthorized('b', [seat('A1')]));
      await refund(refundRequested('a'));
      return rowsBefore;
    };
    await deliverAll();
    expect(await deliverAll()).toEqual(table.all());
  });

  test('gets the same answer once for each nudge', async () => {
    const { issue, published } = await createTicketFixture({ concert: 5 });
    const payments = (nudge?: string) => [
      paymentAuthorized('a', [seat('A1')], nudge),
      paymentAuthorized('b', [seat('A1')], nudge),
    ];
    await issue(paymentAuthorized('a', [seat('A1')]));
    await issue(...payments());
    for (const nudge of ['sweep-1', 'sweep-1', 'sweep-2']) await issue(...payments(nudge));
    for (const type of ['TicketIssued', 'TicketRejected']) {
      const answers = published(type);
      expect(answers.map(({ nudge }) => nudge)).toEqual([undefined, 'sweep-1', 'sweep-2']);
      expect(new Set(answers.map(({ id, data }) => JSON.stringify([id, data]))).size).toBe(1);
    }
    expect(published('StockChanged')).toHaveLength(1);
  });

  test('gets the same answer for a nudge of a refund, with and without a ticket', async () => {
    const { issue, refund, published } = await createTicketFixture();
    await issue(paymentAuthorized('a'));
    for (const nudge of [undefined, 'sweep-1', 'sweep-1'])
      await refund(refundRequested('a', nudge), refundRequested('b', nudge));
    for (const letter of ['a', 'b']) {
      const answers = published('TicketVoided').filter(({ correlation_id }) => correlation_id === orderId(letter));
      expect(answers.map(({ nudge }) => nudge)).toEqual([undefined, 'sweep-1']);
      expect(answers[1]?.data).toEqual(answers[0]?.data);
    }
  });

  test('gets no answer for a nudge of a payment whose ticket is void', async () => {
    const { issue, refund, published } = await createTicketFixture();
    await issue(paymentAuthorized('a'));
    await refund(refundRequested('a'));
    await issue(paymentAuthorized('a', undefined, 'sweep-1'));
    expect(published()).toHaveLength(2);
  });
});

test('the stock has the newest capacity, in whichever order the ProductChanged events are received', async () => {
  const { setCapacity, issue, stock } = await createTicketFixture();
  await setCapacity(productChanged('shirt', 3, 2));
  await issue(paymentAuthorized('a', [shirts(2)]));
  await setCapacity(productChanged('shirt', 9, 1), productChanged('shirt', 3, 2));
  expect(await stock('shirt')).toMatchObject({ capacity: 3, claimed: 2, product_version: 2, version: noon + 1 });
  await setCapacity(productChanged('shirt', 1, 5), productChanged('shirt', 4, 3));
  expect(await stock('shirt')).toMatchObject({ capacity: 1, claimed: 2, product_version: 5 });
});

test('a payment is dead-lettered if its product is never received, and the DEAD# row shows why', async () => {
  const { issueAtLastReceive, table, clock, queue } = await createTicketFixture();
  clock.pass(61 * 60_000);
  await issueAtLastReceive(paymentAuthorized('a', [shirts(1)]));
  expect(queue.deadLettered).toHaveLength(1);
  expect(table.all()).toEqual([
    expect.objectContaining({
      pk: `ORDER#${orderId('a')}`,
      sk: `DEAD#PaymentAuthorized:${orderId('a')}#ticket-issuing`,
      reason: 'PrerequisiteMissing: no ProductChanged received yet: shirt',
    }),
  ]);
});

test('stock and seats match the issued tickets for any events, in any order, with any repeats', async () => {
  const items = fc.constantFrom<Item[]>([seat('A1')], [seat('A1'), seat('A2')], [shirts(1)], [shirts(2), seat('A2')]);
  const step = fc.record({
    type: fc.constantFrom('issue' as const, 'refund' as const),
    letter: fc.constantFrom(...'abcd'),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(items, { minLength: 4, maxLength: 4 }),
      fc.array(fc.array(step, { minLength: 1, maxLength: 8 }), { maxLength: 6 }),
      fc.infiniteStream(fc.constantFrom(0, 0.9, 0.9)),
      async (itemsOfOrders, rounds, random) => {
        const fixture = await createTicketFixture({ concert: 2, shirt: 3 }, () => random.next().value ?? 1);
        const deliver = (type: 'issue' | 'refund', orders: readonly string[]) =>
          type === 'issue'
            ? fixture.issue(...orders.map((letter) => paymentAuthorized(letter, itemsOfOrders['abcd'.indexOf(letter)])))
            : fixture.refund(...orders.map((letter) => refundRequested(letter)));
        for (const round of rounds)
          await Promise.all([
            // The first two steps are batches of their own; the others share one batch for each type.
            ...round.slice(0, 2).map(({ type, letter }) => deliver(type, [letter])),
            ...(['issue', 'refund'] as const).map((batchType) =>
              deliver(
                batchType,
                round.slice(2).flatMap(({ type, letter }) => (type === batchType ? [letter] : [])),
              ),
            ),
          ]);
        const issued = fixture.table.all().filter(({ sk, decision }) => sk === 'TICKET' && decision === 'issued');
        const lines = issued.flatMap((row) => row['items'] as Item[]);
        for (const [sku, capacity] of [
          ['concert', 2],
          ['shirt', 3],
        ] as const) {
          const claimed = lines.reduce((sum, line) => sum + (line.sku === sku ? line.quantity : 0), 0);
          expect(await fixture.stock(sku)).toMatchObject({ claimed });
          expect(claimed).toBeLessThanOrEqual(capacity);
        }
        expect(fixture.seats()).toEqual(
          issued
            .flatMap(({ order_id, items }) =>
              (items as Item[]).flatMap((line) =>
                line.seat ? [`${line.sku} ${line.seat} ${String(order_id)[0]}`] : [],
              ),
            )
            .sort(),
        );
      },
    ),
    { numRuns: 60 },
  );
});
