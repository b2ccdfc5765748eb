import { CHUNK_SIZE } from '../../../events/payments/balances-updated.ts';
import { commit, type UnitOfWork } from '../../shared/store/commit.ts';
import { absent, type Key, type Reader, type Row, versionIs, type Write } from '../../shared/store/store.ts';
import { chunkKey, programmeKey, reservationKey } from '../rows.ts';

/** How many chunks there are, and which of them takes in the next who enrols. */
interface ChunkRegister {
  readonly chunks: number;
  readonly open: number | undefined;
  readonly version: number;
}

const parseRegister = (row: Row | undefined): ChunkRegister => ({
  chunks: Number(row?.['chunks'] ?? 0),
  open: typeof row?.['open'] === 'number' ? row['open'] : undefined,
  version: Number(row?.['version'] ?? 0),
});

const writeRegister = (before: ChunkRegister, after: Omit<ChunkRegister, 'version'>): Write =>
  writeVersioned(programmeKey, before.version, after);

/** A row that is changed under its version, and made by its first change. */
const writeVersioned = (key: Key, before: number, fields: Readonly<Record<string, unknown>>): Write =>
  before === 0
    ? { op: 'put', row: { ...key, ...fields, version: 1 }, when: absent }
    : { op: 'update', key, set: { ...fields, version: before + 1 }, when: versionIs(before) };

export const parseMembers = (row: Row | undefined): readonly string[] => (row?.['members'] ?? []) as readonly string[];

/** A chunk with those who join it behind the others: nobody ever leaves, and nobody moves. */
export const addMembers = (chunk: number, row: Row | undefined, users: readonly string[]): Write =>
  writeVersioned(chunkKey(chunk), Number(row?.['version'] ?? 0), { chunk, members: [...parseMembers(row), ...users] });

/** So many chunks there are, one or the other of them without members as yet. */
export const countChunks = async (read: Reader): Promise<number> => parseRegister(await read.get(programmeKey)).chunks;

/** A place for somebody who enrols: in the open chunk, or in a new one where that is full. */
export async function assignChunk(read: Reader, userId: string): Promise<{ chunk: number; writes: Write[] }> {
  const roll = parseRegister(await read.get(programmeKey));
  const row = roll.open === undefined ? undefined : await read.get(chunkKey(roll.open));
  if (roll.open !== undefined && parseMembers(row).length < CHUNK_SIZE)
    return { chunk: roll.open, writes: [addMembers(roll.open, row, [userId])] };
  const chunk = roll.chunks;
  return {
    chunk,
    writes: [addMembers(chunk, undefined, [userId]), writeRegister(roll, { chunks: chunk + 1, open: chunk })],
  };
}

/** Chunks in a row: the first of them, and how many. */
type Run = readonly [first: number, count: number];

const chunksOfRuns = (runs: readonly Run[]): number[] =>
  runs.flatMap(([first, count]) => Array.from({ length: count }, (_, at) => first + at));

/**
 * The chunks of a seed's users, in their order: always the same, and more of them where more are asked for. They are
 * claimed before they are filled; a claimed one that nobody fills has no members, which does no harm.
 */
export const reserveChunks = (unit: UnitOfWork, seed: number, count: number): Promise<number[]> =>
  commit(unit, async (read) => {
    const [programme, claim] = await read.getMany([programmeKey, reservationKey(seed)]);
    const runs = (claim?.['runs'] ?? []) as readonly Run[];
    const claimed = chunksOfRuns(runs);
    const wanting = count - claimed.length;
    if (wanting <= 0) return { writes: [], result: claimed.slice(0, count) };
    const roll = parseRegister(programme);
    const more: readonly Run[] = [...runs, [roll.chunks, wanting]];
    return {
      writes: [
        writeRegister(roll, { chunks: roll.chunks + wanting, open: roll.open }),
        writeVersioned(reservationKey(seed), Number(claim?.['version'] ?? 0), { runs: more }),
      ],
      result: chunksOfRuns(more),
    };
  });
