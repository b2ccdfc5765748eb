import { tableStore } from '../shared/clients.ts';
import { systemClock } from '../shared/clock.ts';
import { readEnv } from '../shared/env.ts';
import type { Patience } from '../shared/receipt.ts';
import { type CacheStore, cacheStore } from './cache-store.ts';
import { DocumentsCacheEnv, DocumentsEnv } from './env.ts';
import { type Finding, findDocument } from './find-document.ts';
import { Memory } from './memory.ts';
import { type RecordStore, recordStore } from './record-store.ts';

/** What each side's handlers stand on, for one call. Neither has the other's. */
export type RecordsDeps = { records: RecordStore };
export type CacheDeps = { cache: CacheStore };
export type DocumentsDoors = { find: (uid: string, correlationId: string) => Promise<Finding> };

export const recordsDeps = () => {
  const store = tableStore(readEnv(DocumentsEnv).DOCUMENTS_TABLE);
  return ({ deadline }: Patience): RecordsDeps => ({ records: recordStore({ store, clock: systemClock, deadline }) });
};

export const cacheDeps = () => {
  const { DOCUMENTS_TABLE, CACHED_FOR_S } = readEnv(DocumentsCacheEnv);
  const store = tableStore(DOCUMENTS_TABLE);
  const ttlMs = Number(CACHED_FOR_S) * 1000;
  return ({ deadline }: Patience): CacheDeps => ({
    cache: cacheStore({ store, clock: systemClock, deadline }, ttlMs),
  });
};

export const documentsDoors = () => {
  const deps = cacheDeps();
  const memory = new Memory();
  return (call: Patience): DocumentsDoors => {
    const footing = { ...deps(call), memory, clock: systemClock };
    return { find: (uid, correlationId) => findDocument(uid, correlationId, footing) };
  };
};
