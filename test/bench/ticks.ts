import type { Write } from '../../lambdas/shared/store/store.ts';
import { Simulation } from '../support/simulation.ts';
import type { Row } from './figures.ts';

const USERS = 1000;
const DAY_MIN = 24 * 60;
const EVERYBODY_MIN = 10;

/** The programme's own work, without an engine: the real handlers on tables in memory, in virtual time. */
export async function ticks(): Promise<Row[]> {
  const timed = async (work: () => Promise<unknown>): Promise<number> => {
    const started = performance.now();
    await work();
    return (performance.now() - started) / 1000;
  };

  const day = new Simulation();
  const seeding = await timed(() => day.seedUsers(USERS));
  const aDay = await timed(() => day.tickFor(DAY_MIN));

  const everybody = new Simulation();
  await everybody.seedUsers(USERS);
  const transactions: (readonly Write[])[] = [];
  const write = everybody.payments.write;
  everybody.payments.write = async (writes, token) => {
    await write(writes, token);
    transactions.push(writes);
  };
  const taken = await timed(() => everybody.tickFor(EVERYBODY_MIN, { chunksPerTick: 'all' }));
  const updates = transactions.flat().filter(({ op }) => op === 'update').length;
  return [
    { what: `seeding ${USERS} users, in memory`, figure: `${seeding.toFixed(2)} s` },
    { what: 'a day of balance updates (8,640 ticks of one chunk), in memory', figure: `${aDay.toFixed(1)} s` },
    {
      what: `transactions for a bulk update of ${USERS} users`,
      figure: (transactions.length / (6 * EVERYBODY_MIN)).toFixed(0),
    },
    { what: 'balances updated, in memory', figure: `${Math.round(updates / taken).toLocaleString('en')} a second` },
  ];
}
