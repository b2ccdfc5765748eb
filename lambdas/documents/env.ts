import * as z from 'zod/mini';
import { required } from '../shared/runtime/env.ts';

export const DocumentsEnv = z.object({ DOCUMENTS_TABLE: required });

/** The cache side says how long a row may be served. */
export const DocumentsCacheEnv = z.object({ DOCUMENTS_TABLE: required, CACHED_FOR_S: required });
