import type { Deadline } from '../shared/messaging/receipt.ts';
import { systemClock } from '../shared/runtime/clock.ts';
import { readEnv } from '../shared/runtime/env.ts';
import { tableStore } from '../shared/store/tables.ts';
import { type CacheStore, cacheStore } from './cache-store.ts';
import { DocumentMemory } from './document-memory.ts';
import { DocumentsCacheEnv, DocumentsEnv } from './env.ts';
import { findDocument, type LookupResult } from './find-document.ts';
import { type RecordStore, recordStore } from './record-store.ts';

/** What each side's handlers stand on, for one call. Neither has the other's. */
export type RecordsDeps = { records: RecordStore };
export type CacheDeps = { cache: CacheStore };
export type DocumentsApiDeps = { find: (uid: string, correlationId: string) => Promise<LookupResult> };

export const recordsDeps = () => {
  const store = tableStore(readEnv(DocumentsEnv).DOCUMENTS_TABLE);
  return ({ deadlineMs }: Deadline): RecordsDeps => ({
    records: recordStore({ store, clock: systemClock, deadlineMs }),
  });
};

export const cacheDeps = () => {
  const { DOCUMENTS_TABLE, CACHED_FOR_S } = readEnv(DocumentsCacheEnv);
  const store = tableStore(DOCUMENTS_TABLE);
  const ttlMs = Number(CACHED_FOR_S) * 1000;
  return ({ deadlineMs }: Deadline): CacheDeps => ({
    cache: cacheStore({ store, clock: systemClock, deadlineMs }, ttlMs),
  });
};

export const documentsApiDeps = () => {
  const deps = cacheDeps();
  const memory = new DocumentMemory();
  return (call: Deadline): DocumentsApiDeps => {
    const footing = { ...deps(call), memory, clock: systemClock };
    return { find: (uid, correlationId) => findDocument(uid, correlationId, footing) };
  };
};
