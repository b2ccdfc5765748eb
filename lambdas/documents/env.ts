import * as z from 'zod/mini';
import { required } from '../shared/runtime/env.ts';

export const DocumentsEnv = z.object({ DOCUMENTS_TABLE: required });

/** `CACHED_FOR_S` is how long a cache row may be served. */
export const DocumentsCacheEnv = z.object({ DOCUMENTS_TABLE: required, CACHED_FOR_S: required });
