import type { Deadline } from '../shared/messaging/receipt.ts';
import { systemClock } from '../shared/runtime/clock.ts';
import { readEnv } from '../shared/runtime/env.ts';
import { type TablePorts, tableStore } from '../shared/store/tables.ts';
import { type CacheStore, cacheStore } from './cache-store.ts';
import { DocumentMemory } from './document-memory.ts';
import { DocumentsCacheEnv, DocumentsEnv } from './env.ts';
import { findDocument, type LookupResult } from './find-document.ts';
import { type RecordStore, recordStore } from './record-store.ts';

// The two sides of this context, store and cache, have separate dependencies: neither reads the other's rows.
export type RecordsDeps = { records: RecordStore };
export type CacheDeps = { cache: CacheStore };
export type DocumentsApiDeps = { find: (uid: string, correlationId: string) => Promise<LookupResult> };

/** The ports of the cache side, and how long it may serve a document. */
export interface CachePorts extends TablePorts {
  readonly ttlMs: number;
}

export const createRecordsDeps =
  ({ store, clock }: TablePorts) =>
  ({ deadlineMs }: Deadline): RecordsDeps => ({ records: recordStore({ store, clock, deadlineMs }) });

export const createCacheDeps =
  ({ store, clock, ttlMs }: CachePorts) =>
  ({ deadlineMs }: Deadline): CacheDeps => ({ cache: cacheStore({ store, clock, deadlineMs }, ttlMs) });

/** The memory belongs to one execution environment, so it is created with the dependencies and not for each request. */
export const createDocumentsApiDeps = (ports: CachePorts) => {
  const createDeps = createCacheDeps(ports);
  const memory = new DocumentMemory(ports.clock);
  return (deadline: Deadline): DocumentsApiDeps => {
    const findPorts = { ...createDeps(deadline), memory, clock: ports.clock };
    return { find: (uid, correlationId) => findDocument(uid, correlationId, findPorts) };
  };
};

const cachePorts = (): CachePorts => {
  const { DOCUMENTS_TABLE, CACHED_FOR_S } = readEnv(DocumentsCacheEnv);
  return { store: tableStore(DOCUMENTS_TABLE), clock: systemClock, ttlMs: Number(CACHED_FOR_S) * 1000 };
};

export const recordsDeps = () =>
  createRecordsDeps({ store: tableStore(readEnv(DocumentsEnv).DOCUMENTS_TABLE), clock: systemClock });
export const cacheDeps = () => createCacheDeps(cachePorts());
export const documentsApiDeps = () => createDocumentsApiDeps(cachePorts());
