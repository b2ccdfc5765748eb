import type { UnitOfWork } from '../../shared/store/commit.ts';
import { countChunks } from '../ledger-port.ts';
import { applyTick, type TickPlannedEvent } from './chunk-store.ts';
import { reserveChunks } from './enrolment.ts';
import { seedChunk } from './seeding.ts';

/** Creates the store of the update programme: its chunks, their ticks, and the seeding of users. */
export const programmeStore = (work: UnitOfWork) => ({
  countChunks: () => countChunks(work.store),
  reserveChunks: (seed: number, count: number) => reserveChunks(work, seed, count),
  seedChunk: (seed: number, chunk: number, users: readonly string[]) => seedChunk(work, seed, chunk, users),
  applyTick: (event: TickPlannedEvent, receiveCount?: number) => applyTick(work, event, receiveCount),
});
export type ProgrammeStore = ReturnType<typeof programmeStore>;
