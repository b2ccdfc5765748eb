import { CHUNK_SIZE } from '../../events/payments/balances-updated.ts';
import { commit, type Unit } from '../shared/commit.ts';
import { absent, type Item, type Key, type Reader, versionIs, type Write } from '../shared/store.ts';
import { chunkKey, claimKey, programmeKey } from './rows.ts';

/** How many chunks there are, and which of them takes in the next who enrols. */
interface Roll {
  readonly chunks: number;
  readonly open: number | undefined;
  readonly version: number;
}

const rollIn = (row: Item | undefined): Roll => ({
  chunks: Number(row?.['chunks'] ?? 0),
  open: typeof row?.['open'] === 'number' ? row['open'] : undefined,
  version: Number(row?.['version'] ?? 0),
});

const writeRoll = (before: Roll, after: Omit<Roll, 'version'>): Write => writeRow(programmeKey, before.version, after);

/** A row that is changed under its version, and made by its first change. */
const writeRow = (key: Key, before: number, fields: Readonly<Record<string, unknown>>): Write =>
  before === 0
    ? { op: 'put', item: { ...key, ...fields, version: 1 }, when: absent }
    : { op: 'update', key, set: { ...fields, version: before + 1 }, when: versionIs(before) };

export const membersIn = (row: Item | undefined): readonly string[] => (row?.['members'] ?? []) as readonly string[];

/** A chunk with those who join it behind the others: nobody ever leaves, and nobody moves. */
export const joining = (chunk: number, row: Item | undefined, users: readonly string[]): Write =>
  writeRow(chunkKey(chunk), Number(row?.['version'] ?? 0), { chunk, members: [...membersIn(row), ...users] });

/** So many chunks there are, one or the other of them without members as yet. */
export const countChunks = async (read: Reader): Promise<number> => rollIn(await read.get(programmeKey)).chunks;

/** A place for somebody who enrols: in the open chunk, or in a new one where that is full. */
export async function placeFor(read: Reader, userId: string): Promise<{ chunk: number; writes: Write[] }> {
  const roll = rollIn(await read.get(programmeKey));
  const row = roll.open === undefined ? undefined : await read.get(chunkKey(roll.open));
  if (roll.open !== undefined && membersIn(row).length < CHUNK_SIZE)
    return { chunk: roll.open, writes: [joining(roll.open, row, [userId])] };
  const chunk = roll.chunks;
  return {
    chunk,
    writes: [joining(chunk, undefined, [userId]), writeRoll(roll, { chunks: chunk + 1, open: chunk })],
  };
}

/** Chunks in a row: the first of them, and how many. */
type Run = readonly [first: number, count: number];

const numbersIn = (runs: readonly Run[]): number[] =>
  runs.flatMap(([first, count]) => Array.from({ length: count }, (_, at) => first + at));

/**
 * The chunks of a seed's users, in their order: always the same, and more of them where more are asked for. They are
 * claimed before they are filled; a claimed one that nobody fills has no members, which does no harm.
 */
export const claimChunks = (unit: Unit, seed: number, count: number): Promise<number[]> =>
  commit(unit, async (read) => {
    const [programme, claim] = await read.getMany([programmeKey, claimKey(seed)]);
    const runs = (claim?.['runs'] ?? []) as readonly Run[];
    const claimed = numbersIn(runs);
    const wanting = count - claimed.length;
    if (wanting <= 0) return { writes: [], result: claimed.slice(0, count) };
    const roll = rollIn(programme);
    const more: readonly Run[] = [...runs, [roll.chunks, wanting]];
    return {
      writes: [
        writeRoll(roll, { chunks: roll.chunks + wanting, open: roll.open }),
        writeRow(claimKey(seed), Number(claim?.['version'] ?? 0), { runs: more }),
      ],
      result: numbersIn(more),
    };
  });
