import { describe, expect, test } from 'vitest';
import { findLedgerErrors } from '../support/ledger-check.ts';
import { type Faults, Simulation } from '../support/simulation.ts';

async function openAccount(simulation: Simulation, user_id: string, amount: number): Promise<void> {
  const account = simulation.request('POST /payments/accounts', { body: { user_id } });
  expect((await simulation.runUntilDone(account)).status).toBe(201);
  const deposit = simulation.request('POST /payments/accounts/deposit', { body: { user_id, amount } });
  expect((await simulation.runUntilDone(deposit)).status).toBe(200);
}

async function placeOrder(simulation: Simulation, user_id: string, amount: number): Promise<string> {
  const { status, body } = await simulation.request('POST /orders', { body: { user_id, amount } });
  expect(status).toBe(201);
  return String(body['id']);
}

const getOrder = async (simulation: Simulation, id: string) =>
  (await simulation.runUntilDone(simulation.request('GET /orders/{id}', { path: { id } }))).body;

const getBalance = async (simulation: Simulation, user_id: string) => {
  const request = simulation.request('GET /payments/accounts/{user_id}/balance', { path: { user_id } });
  return (await simulation.runUntilDone(request)).body['balance'];
};

describe('without faults', () => {
  const simulation = new Simulation();

  test('finishes and debits an order within the balance', async () => {
    await openAccount(simulation, 'alice', 2000);
    const id = await simulation.runUntilDone(placeOrder(simulation, 'alice', 1500));
    await simulation.settle();
    expect(await getOrder(simulation, id)).toMatchObject({ status: 'FINISHED' });
    expect(await getBalance(simulation, 'alice')).toBe(500);
  });

  test('cancels an order above the balance or without an account, with the reason', async () => {
    const aboveBalance = await simulation.runUntilDone(placeOrder(simulation, 'alice', 501));
    const withoutAccount = await simulation.runUntilDone(placeOrder(simulation, 'unknown', 1));
    await simulation.settle();
    expect(await getOrder(simulation, aboveBalance)).toMatchObject({
      status: 'CANCELLED',
      reason: 'insufficient_funds',
    });
    expect(await getOrder(simulation, withoutAccount)).toMatchObject({
      status: 'CANCELLED',
      reason: 'account_not_found',
    });
    expect(await getBalance(simulation, 'alice')).toBe(500);
  });
});

const scenarios: [string, Faults][] = [
  ['nothing goes wrong', {}],
  ['30 % of the transactions conflict', { chaos: { transaction_conflict: 0.3 } }],
  ['every third PutEvents call fails', { busFails: (call) => call % 3 === 2 }],
  ['the bus is unavailable for a minute', { busFails: (_, now) => now < Date.parse('2026-01-01T00:01:00Z') }],
  [
    'the bus is unavailable for a minute and then refuses 20 % of all events',
    { chaos: { publish_failure: 0.2 }, busFails: (_, now) => now < Date.parse('2026-01-01T00:01:00Z') },
  ],
  ['messages are duplicated and acknowledgements are lost', { lostAckRate: 0.1, chaos: { duplicate: 0.3 } }],
  [
    'all of this happens together',
    {
      lostAckRate: 0.1,
      indexLagMs: 500,
      busFails: (call, now) =>
        call % 3 === 2 || (now > Date.parse('2026-01-01T00:00:05Z') && now < Date.parse('2026-01-01T00:01:05Z')),
      chaos: {
        transaction_conflict: 0.3,
        publish_failure: 0.2,
        consumer_crash_before: 0.05,
        consumer_crash_after: 0.05,
        duplicate: 0.1,
      },
    },
  ],
];

/** Redrives the messages that crashed at all five receives. This is rare, and an operator would do the same. */
async function redriveCrashed(simulation: Simulation): Promise<void> {
  for (const queue of Object.values(simulation.queues)) {
    const crashed = queue.dlq.filter(({ details }) => details?.reason.includes('chaos: crashed'));
    for (const message of crashed) {
      queue.dlq.splice(queue.dlq.indexOf(message), 1);
      queue.send(message.body);
    }
  }
  await simulation.settle();
}

describe.each(scenarios)('when %s', (_, faults) => {
  test.each([1, 2, 3])(
    'finishes 100 and cancels 100 of 200 orders of 10 on a balance of 1000 (seed %i)',
    async (seed) => {
      const simulation = new Simulation(seed, faults);
      await openAccount(simulation, 'alice', 1000);
      const placing = Array.from({ length: 200 }, () => placeOrder(simulation, 'alice', 10));
      const ids = await simulation.runUntilDone(Promise.all(placing));
      await simulation.settle();
      await redriveCrashed(simulation);
      const statuses = await Promise.all(ids.map(async (id) => (await getOrder(simulation, id))['status']));
      expect(statuses.filter((status) => status === 'FINISHED')).toHaveLength(100);
      expect(statuses.filter((status) => status === 'CANCELLED')).toHaveLength(100);
      expect(await getBalance(simulation, 'alice')).toBe(0);
      expect(findLedgerErrors(simulation.payments.all())).toEqual([]);
      // A message that is processed at the fifth receive, but whose acknowledgement is lost, is moved by the queue
      // itself. It has no failure details, because no consumer dead-lettered it.
      const deadLetters = Object.values(simulation.queues).flatMap((queue) => queue.dlq);
      expect(deadLetters.filter(({ details }) => details)).toEqual([]);
    },
  );
});
