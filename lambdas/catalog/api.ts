import { createApi } from '../shared/http/api.ts';
import { createQuote } from './create-quote.ts';
import { deleteCart } from './delete-cart.ts';
import { catalogApiDeps } from './deps.ts';
import { listProducts } from './list-products.ts';
import { listRulesVersions } from './list-rules-versions.ts';
import { putCart } from './put-cart.ts';
import { putCustomer } from './put-customer.ts';
import { putProduct } from './put-product.ts';
import { putRules } from './put-rules.ts';
import { catalogRoutes } from './routes.ts';
import { showCart } from './show-cart.ts';
import { showCustomer } from './show-customer.ts';
import { showProduct } from './show-product.ts';
import { showQuote } from './show-quote.ts';
import { showRules } from './show-rules.ts';
import { showRulesVersion } from './show-rules-version.ts';
import { tryRules } from './try-rules.ts';

const routes = {
  putProduct,
  listProducts,
  showProduct,
  putRules,
  showRules,
  listRulesVersions,
  showRulesVersion,
  tryRules,
  putCustomer,
  showCustomer,
  createQuote,
  showQuote,
  showCart,
  putCart,
  deleteCart,
};

export const handler = createApi(catalogRoutes, routes, catalogApiDeps);
