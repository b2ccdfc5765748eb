import * as z from 'zod/mini';
import { route } from '../shared/http/route.ts';
import { CustomerParams, CustomerView, Tags, toCustomerView } from './customer-view.ts';
import type { CatalogApiDeps } from './deps.ts';

/** Replaces the tags of a customer. Only admins may call this, because price rules give discounts by tags. */
export const putCustomer = route(
  { params: CustomerParams, body: z.strictObject({ tags: Tags }), returns: CustomerView },
  async ({ params: { user_id }, body: { tags } }, { customers }: CatalogApiDeps) =>
    toCustomerView(await customers.put({ user_id, tags })),
);
