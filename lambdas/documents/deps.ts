import type { Deadline } from '../shared/runtime/clock.ts';
import { readEnv } from '../shared/runtime/env.ts';
import { depsFactory, lambdaPorts, type TablePorts } from '../shared/store/tables.ts';
import { cacheStore } from './cache-store.ts';
import { DocumentsCacheEnv, DocumentsEnv } from './env.ts';
import { createDocumentMemory, findDocument, type LookupResult } from './find-document.ts';
import { recordStore } from './record-store.ts';

// The two sides of this context, store and cache, have separate dependencies: neither reads the other's rows.
export type DocumentsApiDeps = { find: (uid: string, correlationId: string) => Promise<LookupResult> };

type CachePorts = TablePorts & { readonly ttlMs: number };

export const createRecordsDeps = (ports: TablePorts) => depsFactory((work) => ({ records: recordStore(work) }))(ports);

export const createCacheDeps = ({ ttlMs, ...ports }: CachePorts) =>
  depsFactory((work) => ({ cache: cacheStore(work, ttlMs) }))(ports);

/** The memory belongs to one execution environment, so it is created with the dependencies and not for each request. */
export const createDocumentsApiDeps = (ports: CachePorts) => {
  const createDeps = createCacheDeps(ports);
  const memory = createDocumentMemory(ports.clock);
  return (deadline: Deadline): DocumentsApiDeps => {
    const { deadlineMs } = deadline;
    const findPorts = { ...createDeps(deadline), memory, clock: ports.clock, deadlineMs };
    return { find: (uid, correlationId) => findDocument(uid, correlationId, findPorts) };
  };
};

const cachePorts = (): CachePorts => {
  const { DOCUMENTS_TABLE, CACHED_FOR_S } = readEnv(DocumentsCacheEnv);
  return { ...lambdaPorts(DOCUMENTS_TABLE), ttlMs: Number(CACHED_FOR_S) * 1000 };
};

export const recordsDeps = () => createRecordsDeps(lambdaPorts(readEnv(DocumentsEnv).DOCUMENTS_TABLE));
export const cacheDeps = () => createCacheDeps(cachePorts());
export const documentsApiDeps = () => createDocumentsApiDeps(cachePorts());
