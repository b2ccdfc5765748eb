import * as z from 'zod/mini';
import { required } from '../shared/runtime/env.ts';

export const CatalogEnv = z.object({ CATALOG_TABLE: required });

/** The API also reads, through a port of orders, whether an order was placed from a cart. */
export const CatalogApiEnv = z.object({ CATALOG_TABLE: required, ORDERS_TABLE: required });
