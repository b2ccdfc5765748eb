import * as z from 'zod/mini';
import { set } from '../shared/env.ts';

export const DocumentsEnv = z.object({ DOCUMENTS_TABLE: set });

/** The cache side says how long a row may be served. */
export const DocumentsCacheEnv = z.object({ DOCUMENTS_TABLE: set, CACHED_FOR_S: set });
