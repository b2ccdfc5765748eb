import * as z from 'zod/mini';
import { set } from '../shared/env.ts';

export const CatalogEnv = z.object({ CATALOG_TABLE: set });
