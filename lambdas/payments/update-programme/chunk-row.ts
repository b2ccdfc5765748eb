import { absent, type Key, type Row, versionIs, type Write } from '../../shared/store/store.ts';
import { accountKey } from '../account-row.ts';

export const chunkKey = (chunk: number): Key => ({ pk: `CHUNK#${chunk}`, sk: 'STATE' });
export const tickKey = (chunk: number, tick: string): Key => ({ pk: chunkKey(chunk).pk, sk: `TICK#${tick}` });
/**
 * Returns the key of a deferred account's entry. It is stored under the account and not under the chunk, whose rows are
 * read for the statement of every member.
 */
export const accountTickKey = (userId: string, tick: string): Key => ({
  pk: accountKey(userId).pk,
  sk: `TICK#${tick}`,
});
export const seedKey = (chunk: number, firstMember: number): Key => ({
  pk: chunkKey(chunk).pk,
  sk: `SEED#${firstMember}`,
});
export const programmeKey: Key = { pk: 'PROGRAMME', sk: 'STATE' };
export const reservationKey = (seed: number): Key => ({ pk: programmeKey.pk, sk: `SEED#${seed}` });

type Programme = ReturnType<typeof parseProgramme>;

export const parseProgramme = (row: Row | undefined) => ({
  chunks: Number(row?.['chunks'] ?? 0),
  /** The chunk that the next enrolled account joins. Absent before the first enrolment. */
  open: typeof row?.['open'] === 'number' ? row['open'] : undefined,
  version: Number(row?.['version'] ?? 0),
});

export const updateProgramme = ({ version }: Programme, set: Omit<Programme, 'version'>): Write =>
  writeVersioned(programmeKey, version, set);

/** Writes a row under the version that was read. The first version is 1; version 0 means that there is no row. */
export const writeVersioned = (key: Key, versionRead: number, fields: Readonly<Record<string, unknown>>): Write =>
  versionRead === 0
    ? { op: 'put', row: { ...key, ...fields, version: 1 }, when: absent }
    : { op: 'update', key, set: { ...fields, version: versionRead + 1 }, when: versionIs(versionRead) };

export const parseMembers = (row: Row | undefined): readonly string[] => (row?.['members'] ?? []) as readonly string[];

/** Appends users to the members of a chunk. Members never leave a chunk and never change their order. */
export const addMembers = (chunk: number, row: Row | undefined, users: readonly string[]): Write =>
  writeVersioned(chunkKey(chunk), Number(row?.['version'] ?? 0), { chunk, members: [...parseMembers(row), ...users] });
