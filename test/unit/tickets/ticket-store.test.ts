import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Item } from '../../../events/items.ts';
import { versionIs } from '../../../lambdas/shared/store/store.ts';
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

describe('a paid order', () => {
  test('without items gets a general ticket', async () => {
    const { issue, said, ticket } = await createTicketFixture();
    expect(await issue(paymentAuthorized('a'))).toEqual([]);
    expect(said().map(({ type, data }) => [type, data])).toEqual([
      ['TicketIssued', { order_id: orderId('a'), ticket_id: (await ticket('a'))?.['ticket_id'] }],
    ]);
    expect(await ticket('a')).toMatchObject({
      decision: 'issued',
      version: 1,
      receipts: { [`PaymentAuthorized:${orderId('a')}`]: { consumer: 'ticket-issuing', receive_count: 1 } },
    });
    expect(await ticket('a')).not.toHaveProperty('expires_at');
  });

  test('claims stock and seats in the transaction that issues its ticket, and the world hears of each product', async () => {
    const { issue, said, stock, seats, transactions } = await createTicketFixture({ concert: 10, shirt: 5 });
    const items = [seat('A1'), seat('A2'), shirts(2)];
    await issue(paymentAuthorized('a', items));
    expect(transactions).toHaveLength(1);
    // its ticket, two products, two seats, and what is said of the order and of each product
    expect(transactions[0]).toHaveLength(8);
    expect(await stock('concert')).toMatchObject({ capacity: 10, claimed: 2, version: 1 });
    expect(await stock('shirt')).toMatchObject({ capacity: 5, claimed: 2, version: 1 });
    expect(seats()).toEqual(['concert A1 a', 'concert A2 a']);
    expect(said('TicketIssued')[0]?.data).toMatchObject({ items });
    expect(said('StockChanged').map(({ data }) => data)).toEqual([
      { sku: 'concert', claimed: 2, version: 1 },
      { sku: 'shirt', claimed: 2, version: 1 },
    ]);
    expect(said().every(({ correlation_id }) => correlation_id === orderId('a'))).toBe(true);
  });

  test('whose seat is taken is rejected, and nothing of it is claimed', async () => {
    const { issue, said, stock, seats, ticket } = await createTicketFixture({ concert: 10, shirt: 5 });
    await issue(paymentAuthorized('a', [seat('A1')]));
    await issue(paymentAuthorized('b', [shirts(1), seat('A1')]));
    expect(said('TicketRejected').map(({ data }) => data)).toEqual([
      { order_id: orderId('b'), reason: 'seat_taken', sku: 'concert', seat: 'A1' },
    ]);
    expect(await stock('shirt')).toMatchObject({ claimed: 0, version: 0 });
    expect(seats()).toEqual(['concert A1 a']);
    expect(await ticket('b')).toMatchObject({ decision: 'rejected', reason: 'seat_taken' });
  });

  test('for what is sold out is rejected without a write to the stock', async () => {
    const { issue, said, transactions } = await createTicketFixture({ shirt: 1 });
    await issue(paymentAuthorized('a', [shirts(1)]));
    transactions.length = 0;
    await issue(...letters.slice(1).map((letter) => paymentAuthorized(letter, [shirts(1)])));
    expect(said('TicketRejected')).toHaveLength(9);
    expect(transactions.flat().map((write) => ('key' in write ? write.key.pk : write.row.pk))).not.toContain(
      'SKU#shirt',
    );
  });

  test('for a product that is not heard of yet comes back, as no failure, until it is', async () => {
    const { issue, offer, queue, table, said, clock } = await createTicketFixture();
    expect(await issue(paymentAuthorized('a', [shirts(1)]))).toEqual([]);
    expect(queue.requeued).toHaveLength(1);
    expect(queue.visibilityChanges.flat()).toEqual([]);
    expect(table.all()).toEqual([]);
    clock.pass(1000);
    await offer(productChanged('shirt', 1));
    await issue(paymentAuthorized('a', [shirts(1)]));
    expect(said('TicketIssued')).toHaveLength(1);
  });
});

describe('many buyers at once', () => {
  test('of one seat: one has it, all others hear that it is taken', async () => {
    const { issue, said, seats, stock, queue } = await createTicketFixture({ concert: 100 });
    await Promise.all(
      [letters.slice(0, 5), letters.slice(5)].map((some) =>
        issue(...some.map((one) => paymentAuthorized(one, [seat('A1')]))),
      ),
    );
    expect(said('TicketIssued')).toHaveLength(1);
    expect(said('TicketRejected').map(({ data }) => (data as { reason: string }).reason)).toEqual(
      Array(9).fill('seat_taken'),
    );
    expect(seats()).toHaveLength(1);
    expect(await stock('concert')).toMatchObject({ claimed: 1, version: 1 });
    expect(queue.requeued).toEqual([]);
  });

  test('of one seat: who finds it taken only while writing looks again', async () => {
    const { issue, meanwhile, table, said } = await createTicketFixture({ concert: 100 });
    const taken = { pk: 'SKU#concert', sk: 'SEAT#A1', order_id: orderId('z'), version: 1 };
    meanwhile(() => table.write([{ op: 'put', row: taken }], 'token'));
    expect(await issue(paymentAuthorized('a', [seat('A1')]))).toEqual([]);
    expect(said().map(({ type }) => type)).toEqual(['TicketRejected']);
  });

  test('of more than there is: exactly as many tickets as there are', async () => {
    const { issue, said, stock } = await createTicketFixture({ shirt: 7 });
    await issue(...letters.map((letter) => paymentAuthorized(letter, [shirts(2)])));
    expect(said('TicketIssued')).toHaveLength(3);
    expect(said('TicketRejected').every(({ data }) => (data as { reason: string }).reason === 'sold_out')).toBe(true);
    expect(await stock('shirt')).toMatchObject({ claimed: 6 });
    expect(said('StockChanged').map(({ data }) => data)).toEqual([{ sku: 'shirt', claimed: 6, version: 1 }]);
  });
});

describe('orders of one batch', () => {
  const twenty = (row: string) => Array.from({ length: 20 }, (_, at) => seat(`${row}${at}`));

  test('for the same products are one transaction, whatever their lines look like', async () => {
    const { issue, transactions, stock, said, ticket } = await createTicketFixture({ concert: 50, shirt: 50 });
    await issue(
      paymentAuthorized('a', [seat('A1'), shirts(2)]),
      paymentAuthorized('b', [shirts(1), seat('A2')]),
      paymentAuthorized('c', [shirts(1), seat('A1'), shirts(1)]),
    );
    expect(transactions).toHaveLength(1);
    expect(await stock('shirt')).toMatchObject({ claimed: 3, version: 1 });
    expect(await stock('concert')).toMatchObject({ claimed: 2, version: 1 });
    expect(said('StockChanged')).toHaveLength(2);
    expect(await ticket('c')).toMatchObject({ decision: 'rejected', reason: 'seat_taken' });
    for (const letter of 'abc')
      expect(await ticket(letter)).toMatchObject({
        receipts: { [`PaymentAuthorized:${orderId(letter)}`]: { consumer: 'ticket-issuing' } },
      });
  });

  test('are as many in one transaction as it can take', async () => {
    const { issue, transactions, stock, seats } = await createTicketFixture({ concert: 1000 });
    expect(await issue(...letters.map((letter) => paymentAuthorized(letter, twenty(letter))))).toEqual([]);
    // four of 22 items each, and two of the stock: a fifth would pass 100
    expect(transactions.map((writes) => writes.length)).toEqual([90, 90, 46]);
    expect(await stock('concert')).toMatchObject({ claimed: 200, version: 3 });
    expect(seats()).toHaveLength(200);
  });

  test('are decided anew, and all of them, where somebody else was faster', async () => {
    const { issue, meanwhile, said, stock, ticket } = await createTicketFixture({ shirt: 3 });
    meanwhile(() => issue(paymentAuthorized('b', [shirts(2)]), paymentAuthorized('z', [shirts(1)])));
    expect(await issue(paymentAuthorized('a', [shirts(1)]), paymentAuthorized('b', [shirts(2)]))).toEqual([]);
    expect(await ticket('a')).toMatchObject({ decision: 'rejected', reason: 'sold_out' });
    expect(await ticket('b')).toMatchObject({ decision: 'issued' });
    expect(said('TicketIssued')).toHaveLength(2);
    expect(await stock('shirt')).toMatchObject({ claimed: 3, version: 1 });
  });

  test('do not wait for each other’s products', async () => {
    const { issue, said, queue } = await createTicketFixture({ shirt: 5 });
    await issue(
      paymentAuthorized('a', [shirts(1)]),
      paymentAuthorized('b', [shirts(1), { sku: 'hat', quantity: 1 }]),
      paymentAuthorized('c'),
    );
    expect(
      said('TicketIssued')
        .map(({ correlation_id }) => correlation_id[0])
        .sort(),
    ).toEqual(['a', 'c']);
    expect(queue.requeued).toHaveLength(1);
  });

  test('are answered one by one where they come again: each nudge, and no duplicate', async () => {
    const { issue, said } = await createTicketFixture({ shirt: 5 });
    await issue(paymentAuthorized('a', [shirts(1)]));
    const nudged = paymentAuthorized('a', [shirts(1)], 'sweep-1');
    await issue(nudged, paymentAuthorized('a', [shirts(1)]), paymentAuthorized('b', [shirts(1)]), nudged);
    expect(said('TicketIssued').map(({ correlation_id, nudge }) => [correlation_id[0], nudge])).toEqual([
      ['a', undefined],
      ['a', 'sweep-1'],
      ['b', undefined],
    ]);
  });

  test('that came long after another do not end with it: a product may still be on its way', async () => {
    const { issueAtLast, clock, queue } = await createTicketFixture();
    clock.pass(20 * 60_000);
    const published_at = new Date(clock.now() - 60_000).toISOString();
    await issueAtLast(paymentAuthorized('a', [shirts(1)]), { ...paymentAuthorized('b', [shirts(1)]), published_at });
    expect(queue.deadLettered.map(({ body }) => body.includes(orderId('a')))).toEqual([true]);
    expect(queue.requeued.map((body) => body.includes(orderId('b')))).toEqual([true]);
  });
});

describe('a refund', () => {
  test('voids the ticket, and what it claimed is for sale again', async () => {
    const { issue, refund, said, stock, seats, ticket } = await createTicketFixture({ concert: 1, shirt: 5 });
    await issue(paymentAuthorized('a', [seat('A1'), shirts(3)]));
    const ticket_id = (await ticket('a'))?.['ticket_id'];
    await refund(refundRequested('a'));
    expect(said('TicketVoided').map(({ data }) => data)).toEqual([{ order_id: orderId('a'), ticket_id }]);
    expect(await stock('shirt')).toMatchObject({ claimed: 0, version: 2 });
    expect(seats()).toEqual([]);
    expect(await ticket('a')).toMatchObject({ decision: 'voided', version: 2, ticket_id });
    expect(Object.keys((await ticket('a'))?.['receipts'] as object)).toEqual([
      `PaymentAuthorized:${orderId('a')}`,
      `RefundRequested:${orderId('a')}`,
    ]);
    await issue(paymentAuthorized('b', [seat('A1')]));
    expect(seats()).toEqual(['concert A1 b']);
    expect(said('StockChanged').map(({ data }) => data)).toContainEqual({ sku: 'concert', claimed: 1, version: 3 });
  });

  test('of a general ticket gives back nothing but the ticket', async () => {
    const { issue, refund, said } = await createTicketFixture();
    await issue(paymentAuthorized('a'));
    await refund(refundRequested('a'));
    expect(said().map(({ type }) => type)).toEqual(['TicketIssued', 'TicketVoided']);
  });

  test('of an order that was rejected has nothing to say, not even when it is asked again', async () => {
    const { issue, refund, table, queue } = await createTicketFixture({ shirt: 0 });
    await issue(paymentAuthorized('a', [shirts(1)]));
    const before = table.all();
    expect(await refund(refundRequested('a'), refundRequested('a', 'sweep-1'))).toEqual([]);
    expect(table.all()).toEqual(before);
    expect(queue.deadLettered).toEqual([]);
  });

  test('that comes before the payment leaves a tombstone: no ticket is issued any more', async () => {
    const { issue, refund, said, stock, ticket } = await createTicketFixture({ shirt: 5 });
    await refund(refundRequested('a'));
    expect(await ticket('a')).toMatchObject({ decision: 'voided', version: 1 });
    await issue(paymentAuthorized('a', [shirts(1)]), paymentAuthorized('a', [shirts(1)], 'sweep-1'));
    expect(said().map(({ type, data }) => [type, data])).toEqual([['TicketVoided', { order_id: orderId('a') }]]);
    expect(await stock('shirt')).toMatchObject({ claimed: 0 });
  });

  test.each([[[seat('A1')]], [undefined]])('that meets its ticket being issued voids it: %j', async (items) => {
    for (const first of ['payment', 'refund'] as const) {
      const { issue, refund, meanwhile, said, stock, ticket, seats } = await createTicketFixture({ concert: 5 });
      const pays = () => issue(paymentAuthorized('a', items));
      const refunds = () => refund(refundRequested('a'));
      meanwhile(first === 'payment' ? pays : refunds);
      expect(await (first === 'payment' ? refunds() : pays())).toEqual([]);
      expect(await ticket('a')).toMatchObject({ decision: 'voided' });
      expect(said('TicketVoided')).toHaveLength(1);
      expect(said('TicketIssued')).toHaveLength(first === 'payment' ? 1 : 0);
      expect(await stock('concert')).toMatchObject({ claimed: 0 });
      expect(seats()).toEqual([]);
    }
  });

  test.each([
    ['gone', undefined],
    ['of another order', orderId('z')],
  ])('whose seat is %s, by hand, voids the ticket and leaves that row alone', async (_, owner) => {
    const { issue, refund, table, queue, said, stock, seats, ticket } = await createTicketFixture({ concert: 5 });
    await issue(paymentAuthorized('a', [seat('A1'), seat('A2')]));
    const key = { pk: 'SKU#concert', sk: 'SEAT#A1' };
    const row = { ...key, sku: 'concert', seat: 'A1', order_id: owner, version: 1 };
    await table.write([owner ? { op: 'put', row: row } : { op: 'delete', key, when: versionIs(1) }], 'token');
    expect(await refund(refundRequested('a'))).toEqual([]);
    expect(queue.requeued).toEqual([]);
    expect(said('TicketVoided')).toHaveLength(1);
    expect(await ticket('a')).toMatchObject({ decision: 'voided' });
    expect(await stock('concert')).toMatchObject({ claimed: 0 });
    expect(seats()).toEqual(owner ? ['concert A1 z'] : []);
  });

  test('whose stock is gone, by hand, voids the ticket all the same, and gives back what there is', async () => {
    const { issue, refund, table, said, stock, seats } = await createTicketFixture({ concert: 5, shirt: 5 });
    await issue(paymentAuthorized('a', [seat('A1'), shirts(2)]));
    await table.write([{ op: 'delete', key: { pk: 'SKU#shirt', sk: 'STOCK' }, when: versionIs(1) }], 'token');
    expect(await refund(refundRequested('a'))).toEqual([]);
    expect(said('TicketVoided')).toHaveLength(1);
    expect(await stock('shirt')).toBeUndefined();
    expect(await stock('concert')).toMatchObject({ claimed: 0 });
    expect(seats()).toEqual([]);
  });

  test.each([[[seat('A1')]], [undefined]])('that meets itself voids the ticket once: %j', async (items) => {
    const { issue, refund, meanwhile, said } = await createTicketFixture({ concert: 5 });
    await issue(paymentAuthorized('a', items));
    meanwhile(() => refund(refundRequested('a')));
    expect(await refund(refundRequested('a'))).toEqual([]);
    expect(said('TicketVoided')).toHaveLength(1);
  });
});

describe('what comes again', () => {
  test('changes nothing', async () => {
    const { issue, refund, table } = await createTicketFixture({ concert: 5 });
    const again = async () => {
      const before = table.all();
      await issue(paymentAuthorized('a', [seat('A1')]), paymentAuthorized('b', [seat('A1')]));
      await refund(refundRequested('a'));
      return before;
    };
    await again();
    expect(await again()).toEqual(table.all());
  });

  test('as a nudge gets the same answer, once for each nudge', async () => {
    const { issue, said } = await createTicketFixture({ concert: 5 });
    const asked = (nudge?: string) => [
      paymentAuthorized('a', [seat('A1')], nudge),
      paymentAuthorized('b', [seat('A1')], nudge),
    ];
    await issue(paymentAuthorized('a', [seat('A1')]));
    await issue(...asked());
    for (const nudge of ['sweep-1', 'sweep-1', 'sweep-2']) await issue(...asked(nudge));
    for (const type of ['TicketIssued', 'TicketRejected']) {
      const answers = said(type);
      expect(answers.map(({ nudge }) => nudge)).toEqual([undefined, 'sweep-1', 'sweep-2']);
      expect(new Set(answers.map(({ id, data }) => JSON.stringify([id, data]))).size).toBe(1);
    }
    expect(said('StockChanged')).toHaveLength(1);
  });

  test('as a nudge of a refund gets the same answer, with a ticket and without', async () => {
    const { issue, refund, said } = await createTicketFixture();
    await issue(paymentAuthorized('a'));
    for (const nudge of [undefined, 'sweep-1', 'sweep-1'])
      await refund(refundRequested('a', nudge), refundRequested('b', nudge));
    for (const letter of ['a', 'b']) {
      const answers = said('TicketVoided').filter(({ correlation_id }) => correlation_id === orderId(letter));
      expect(answers.map(({ nudge }) => nudge)).toEqual([undefined, 'sweep-1']);
      expect(answers[1]?.data).toEqual(answers[0]?.data);
    }
  });

  test('as a nudge of a payment whose ticket is void says nothing: that was taken back', async () => {
    const { issue, refund, said } = await createTicketFixture();
    await issue(paymentAuthorized('a'));
    await refund(refundRequested('a'));
    await issue(paymentAuthorized('a', undefined, 'sweep-1'));
    expect(said()).toHaveLength(2);
  });
});

test('of a product’s changes the newest is true, in whichever order they come', async () => {
  const { offer, issue, stock } = await createTicketFixture();
  await offer(productChanged('shirt', 3, 2));
  await issue(paymentAuthorized('a', [shirts(2)]));
  await offer(productChanged('shirt', 9, 1), productChanged('shirt', 3, 2));
  expect(await stock('shirt')).toMatchObject({ capacity: 3, claimed: 2, product_version: 2, version: 1 });
  await offer(productChanged('shirt', 1, 5), productChanged('shirt', 4, 3));
  expect(await stock('shirt')).toMatchObject({ capacity: 1, claimed: 2, product_version: 5 });
});

test('a payment whose product never comes is dead in the end, and leaves a row with its order', async () => {
  const { issueAtLast, table, clock, queue } = await createTicketFixture();
  clock.pass(20 * 60_000);
  await issueAtLast(paymentAuthorized('a', [shirts(1)]));
  expect(queue.deadLettered).toHaveLength(1);
  expect(table.all()).toEqual([
    expect.objectContaining({
      pk: `ORDER#${orderId('a')}`,
      sk: `DEAD#PaymentAuthorized:${orderId('a')}#ticket-issuing`,
      reason: 'NotYet: not heard of yet: shirt',
    }),
  ]);
});

test('whatever comes, in any order and again: stock and seats are those of the tickets that stand', async () => {
  const items = fc.constantFrom<Item[]>([seat('A1')], [seat('A1'), seat('A2')], [shirts(1)], [shirts(2), seat('A2')]);
  const happening = fc.oneof(
    fc.record({ what: fc.constant('issue' as const), who: fc.constantFrom(...'abcd') }),
    fc.record({ what: fc.constant('refund' as const), who: fc.constantFrom(...'abcd') }),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(items, { minLength: 4, maxLength: 4 }),
      fc.array(fc.array(happening, { minLength: 1, maxLength: 8 }), { maxLength: 6 }),
      fc.infiniteStream(fc.constantFrom(0, 0.9, 0.9)),
      async (wants, rounds, chance) => {
        const office = await createTicketFixture({ concert: 2, shirt: 3 }, () => chance.next().value ?? 1);
        const step = (what: 'issue' | 'refund', who: readonly string[]) =>
          what === 'issue'
            ? office.issue(...who.map((one) => paymentAuthorized(one, wants['abcd'.indexOf(one)])))
            : office.refund(...who.map((one) => refundRequested(one)));
        for (const round of rounds)
          await Promise.all([
            // some in a batch of their own, some together
            ...round.slice(0, 2).map(({ what, who }) => step(what, [who])),
            ...(['issue', 'refund'] as const).map((kind) =>
              step(
                kind,
                round.slice(2).flatMap(({ what, who }) => (what === kind ? [who] : [])),
              ),
            ),
          ]);
        const standing = office.table.all().filter(({ sk, decision }) => sk === 'TICKET' && decision === 'issued');
        const lines = standing.flatMap((row) => row['items'] as Item[]);
        for (const [sku, capacity] of [
          ['concert', 2],
          ['shirt', 3],
        ] as const) {
          const held = lines.reduce((sum, line) => sum + (line.sku === sku ? line.quantity : 0), 0);
          expect(await office.stock(sku)).toMatchObject({ claimed: held });
          expect(held).toBeLessThanOrEqual(capacity);
        }
        expect(office.seats()).toEqual(
          standing
            .flatMap(({ order_id, items: has }) =>
              (has as Item[]).flatMap((line) => (line.seat ? [`${line.sku} ${line.seat} ${String(order_id)[0]}`] : [])),
            )
            .sort(),
        );
      },
    ),
    { numRuns: 60 },
  );
});
