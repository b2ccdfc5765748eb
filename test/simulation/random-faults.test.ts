import { expect, test } from 'vitest';
import { findLedgerErrors } from '../support/ledger-check.ts';
import { POISON, RandomShop } from '../support/random-shop.ts';
import { balancesByUser, ledgerTotals, summaryTotals } from '../support/read-model.ts';
import { findSagaErrors } from '../support/saga-check.ts';

// Each seed is another history with other faults. docs/simulation.md says how to run more of them.
const firstSeed = Number(process.env['FIRST_SEED'] ?? 1);
const seeds = Array.from({ length: Number(process.env['SEEDS'] ?? 8) }, (_, index) => firstSeed + index);
/** The sweep nudges an order after one minute, and its event may be parked for some minutes. */
const MAX_SWEEPS = 20;

test.each(seeds)(
  'the books are right after random faults (seed %i)',
  async (seed) => {
    const shop = new RandomShop(seed);
    const { simulation, known } = shop;
    await shop.run();
    await simulation.settle();
    const rowsOf = (table: 'orders' | 'payments' | 'tickets') => simulation[table].all();
    const sagaErrors = () =>
      findSagaErrors({ orders: rowsOf('orders'), payments: rowsOf('payments'), tickets: rowsOf('tickets') });
    for (let sweeps = 0; sweeps < MAX_SWEEPS && sagaErrors().length > 0; sweeps++) await simulation.sweepAfterMinute();

    expect(sagaErrors()).toEqual([]);
    expect(findLedgerErrors(rowsOf('payments'))).toEqual([]);
    const placed = rowsOf('orders').filter(({ pk, sk }) => pk.startsWith('ORDER#') && sk === 'STATE');
    expect(placed.map(({ id }) => id).sort()).toEqual(known.orderIds.toSorted());
    const deposits = rowsOf('payments').filter(({ reason }) => reason === 'deposit');
    expect(deposits.reduce((sum, { amount }) => sum + Number(amount), 0)).toBe(known.deposited);

    const carts = simulation.catalog.all().filter(({ pk }) => pk.startsWith('CART#'));
    expect(carts.length).toBeGreaterThan(0);
    for (const cart of carts) expect(cart).toMatchObject({ items: [] });

    const deadLetters = Object.values(simulation.queues).flatMap(({ dlq }) => dlq.map(({ body }) => body));
    expect(new Set(deadLetters)).toEqual(new Set(POISON));

    const balances = simulation.balances.all();
    expect(balancesByUser(balances, 'USER')).toEqual(balancesByUser(rowsOf('payments'), 'ACCOUNT'));
    expect(summaryTotals(balances)).toEqual(ledgerTotals(rowsOf('payments')));
    for (const [order_uid, text] of known.documents) {
      const response = simulation.request('GET /api/order/{order_uid}', { path: { order_uid } });
      expect(await simulation.runUntilDone(response)).toMatchObject({ status: 200, text });
    }
  },
  120_000,
);
