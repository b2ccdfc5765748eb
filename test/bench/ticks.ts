import type { Write } from '../../lambdas/shared/store/store.ts';
import { Simulation } from '../support/simulation.ts';
import type { Row } from './figures.ts';

const USERS = 1000;
const DAY_MINUTES = 24 * 60;
const ALL_CHUNKS_MINUTES = 10;

async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

/** Measures the update programme without an engine: the real handlers on tables in memory, in virtual time. */
export async function ticks(): Promise<Row[]> {
  const oneChunk = new Simulation();
  const seedingSeconds = await secondsOf(() => oneChunk.seedUsers(USERS));
  const daySeconds = await secondsOf(() => oneChunk.tickFor(DAY_MINUTES));

  const allChunks = new Simulation();
  await allChunks.seedUsers(USERS);
  const transactions: (readonly Write[])[] = [];
  const write = allChunks.payments.write;
  allChunks.payments.write = async (writes, token) => {
    await write(writes, token);
    transactions.push(writes);
  };
  const seconds = await secondsOf(() => allChunks.tickFor(ALL_CHUNKS_MINUTES, { chunksPerTick: 'all' }));
  const updates = transactions.flat().filter(({ op }) => op === 'update').length;
  return [
    { what: `seeding ${USERS} users, in memory`, figure: `${seedingSeconds.toFixed(2)} s` },
    { what: 'a day of balance updates (8,640 ticks of one chunk), in memory', figure: `${daySeconds.toFixed(1)} s` },
    {
      what: `transactions for a bulk update of ${USERS} users`,
      figure: (transactions.length / (6 * ALL_CHUNKS_MINUTES)).toFixed(0),
    },
    { what: 'balances updated, in memory', figure: `${Math.round(updates / seconds).toLocaleString('en')} a second` },
  ];
}
