import * as z from 'zod/mini';
import { required } from '../shared/runtime/env.ts';

export const CatalogEnv = z.object({ CATALOG_TABLE: required });
