import { route } from '../shared/http/route.ts';
import { CustomerParams, CustomerView, toCustomerView } from './customer-view.ts';
import type { CatalogApiDeps } from './deps.ts';

export const showCustomer = route(
  { params: CustomerParams, returns: CustomerView },
  async ({ params: { user_id } }, { customers }: CatalogApiDeps) => toCustomerView(await customers.get(user_id)),
);
