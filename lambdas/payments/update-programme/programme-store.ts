import type { UnitOfWork } from '../../shared/store/commit.ts';
import { applyTick, type TickPlannedEvent } from './chunk-store.ts';
import { countChunks, reserveChunks } from './enrolment.ts';
import { seedChunk } from './seeding.ts';

/** The update programme: its chunks, those who are seeded into them, and their ticks. */
export function programmeStore(unit: UnitOfWork) {
  return {
    chunks: (): Promise<number> => countChunks(unit.store),
    /** The chunks of a seed's users, so many of them, in their order. */
    claim: (seed: number, count: number): Promise<number[]> => reserveChunks(unit, seed, count),
    /** Answers how many of these users are new. */
    seed: (seed: number, chunk: number, users: readonly string[]): Promise<number> =>
      seedChunk(unit, seed, chunk, users),
    tick: (event: TickPlannedEvent): Promise<void> => applyTick(unit, event),
  };
}
export type ProgrammeStore = ReturnType<typeof programmeStore>;
