import { expect, test } from 'vitest';
import { noon } from '../../support/fixtures.ts';
import { describeWrite } from '../../support/recorded-writes.ts';
import {
  createTicketFixture,
  orderId,
  paymentAuthorized,
  productChanged,
  refundRequested,
} from '../../support/ticket-fixture.ts';

const seat = (name: string) => ({ sku: 'concert', quantity: 1, seat: name });
const [a, b] = [orderId('a'), orderId('b')];
const takeTransactions = ({ transactions }: Awaited<ReturnType<typeof createTicketFixture>>) =>
  transactions.splice(0).map((writes) => writes.map(describeWrite));

test('stock is created only if it is absent, and changed under its version', async () => {
  const fixture = await createTicketFixture();
  await fixture.setCapacity(productChanged('concert', 10));
  await fixture.setCapacity(productChanged('concert', 20, 2));
  expect(takeTransactions(fixture)).toEqual([
    ['put SKU#concert STOCK if absent'],
    [`update SKU#concert STOCK if version ${noon}`],
  ]);
});

test('tickets and seats are written only if they are absent, and stock under its version', async () => {
  const fixture = await createTicketFixture({ concert: 10 });
  await fixture.issue(paymentAuthorized('a', [seat('A1'), seat('A2')]), paymentAuthorized('b', [seat('A3')]));
  expect(takeTransactions(fixture)).toEqual([
    [
      `put ORDER#${a} TICKET if absent`,
      `put ORDER#${b} TICKET if absent`,
      'update SKU#concert STOCK if version 0',
      'put SKU#concert SEAT#A1 if absent',
      'put SKU#concert SEAT#A2 if absent',
      'put SKU#concert SEAT#A3 if absent',
      `put ORDER#${a} OUTBOX#TicketIssued:${a} if absent, expires`,
      `put ORDER#${b} OUTBOX#TicketIssued:${b} if absent, expires`,
      'put SKU#concert OUTBOX#StockChanged:concert:1 if absent, expires',
    ],
  ]);
});

test('a rejection writes neither stock nor seats, and its ticket only if it is absent', async () => {
  const fixture = await createTicketFixture({ concert: 1 });
  await fixture.issue(paymentAuthorized('a', [seat('A1')]));
  takeTransactions(fixture);
  await fixture.issue(paymentAuthorized('b', [seat('A1')]));
  expect(takeTransactions(fixture)).toEqual([
    [`put ORDER#${b} TICKET if absent`, `put ORDER#${b} OUTBOX#TicketRejected:${b} if absent, expires`],
  ]);
});

test('a ticket is voided under its version, and so are its stock and its seats', async () => {
  const fixture = await createTicketFixture({ concert: 10 });
  await fixture.issue(paymentAuthorized('a', [seat('A1'), seat('A2')]));
  takeTransactions(fixture);
  await fixture.refund(refundRequested('a'));
  await fixture.refund(refundRequested('a', 'sweep-1'));
  expect(takeTransactions(fixture)).toEqual([
    [
      `update ORDER#${a} TICKET if version 1`,
      'update SKU#concert STOCK if version 1',
      'delete SKU#concert SEAT#A1 if version 1',
      'delete SKU#concert SEAT#A2 if version 1',
      `put ORDER#${a} OUTBOX#TicketVoided:${a} if absent, expires`,
      'put SKU#concert OUTBOX#StockChanged:concert:2 if absent, expires',
    ],
    [`put ORDER#${a} OUTBOX#TicketVoided:${a}#sweep-1 if absent, decides, expires`],
  ]);
});

test('the tombstone of an order without a ticket is written only if there is no ticket', async () => {
  const fixture = await createTicketFixture();
  await fixture.refund(refundRequested('a'));
  expect(takeTransactions(fixture)).toEqual([
    [`put ORDER#${a} TICKET if absent`, `put ORDER#${a} OUTBOX#TicketVoided:${a} if absent, expires`],
  ]);
});
