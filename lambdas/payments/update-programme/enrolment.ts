import { CHUNK_SIZE } from '../../../events/payments/balances-updated.ts';
import { commit, type UnitOfWork } from '../../shared/store/commit.ts';
import type { Reader, Write } from '../../shared/store/store.ts';
import {
  addMembers,
  chunkKey,
  parseMembers,
  parseProgramme,
  programmeKey,
  reservationKey,
  updateProgramme,
  writeVersioned,
} from './chunk-row.ts';

/** Assigns a user to the open chunk, or to a new chunk if the open one is full. */
export async function assignChunk(read: Reader, userId: string): Promise<{ chunk: number; writes: Write[] }> {
  const programme = parseProgramme(await read.get(programmeKey));
  const { open, chunks } = programme;
  const openRow = open === undefined ? undefined : await read.get(chunkKey(open));
  if (open !== undefined && parseMembers(openRow).length < CHUNK_SIZE)
    return { chunk: open, writes: [addMembers(open, openRow, [userId])] };
  return {
    chunk: chunks,
    writes: [addMembers(chunks, undefined, [userId]), updateProgramme(programme, { chunks: chunks + 1, open: chunks })],
  };
}

type Run = readonly [first: number, count: number];

const chunksOfRuns = (runs: readonly Run[]): number[] =>
  runs.flatMap(([first, count]) => Array.from({ length: count }, (_, index) => first + index));

/**
 * Reserves chunks for the users of a seed and returns them in order. A repeated call returns the same chunks, and
 * reserves more of them if the count is higher. Chunks are reserved before they are filled; a reserved chunk that is
 * never filled has no members, which is harmless.
 */
export const reserveChunks = (work: UnitOfWork, seed: number, count: number): Promise<number[]> =>
  commit(work, async (read) => {
    // Both rows are written under their versions, so a reservation between the reads refuses the write.
    const [programmeRow, reservation] = await read.getMany([programmeKey, reservationKey(seed)]);
    const runs = (reservation?.['runs'] ?? []) as readonly Run[];
    const reserved = chunksOfRuns(runs);
    const missing = count - reserved.length;
    if (missing <= 0) return { writes: [], result: reserved.slice(0, count) };
    const programme = parseProgramme(programmeRow);
    const allRuns: readonly Run[] = [...runs, [programme.chunks, missing]];
    return {
      writes: [
        updateProgramme(programme, { chunks: programme.chunks + missing, open: programme.open }),
        writeVersioned(reservationKey(seed), Number(reservation?.['version'] ?? 0), { runs: allRuns }),
      ],
      result: chunksOfRuns(allRuns),
    };
  });
