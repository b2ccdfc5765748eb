import { createApi } from '../shared/http/api.ts';
import { deleteCart, putCart, showCart } from './carts.ts';
import { createQuote } from './create-quote.ts';
import { putCustomer, showCustomer } from './customers.ts';
import { catalogApiDeps } from './deps.ts';
import { listProducts } from './list-products.ts';
import { putProduct } from './put-product.ts';
import { putRules } from './put-rules.ts';
import { catalogRoutes } from './routes.ts';
import { showProduct } from './show-product.ts';
import { listRulesVersions, showRules, showRulesVersion } from './show-rules.ts';
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
  showCart,
  putCart,
  deleteCart,
};

export const handler = createApi(catalogRoutes, routes, catalogApiDeps);
