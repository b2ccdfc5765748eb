import { createApi } from '../shared/http/api.ts';
import { catalogApiDeps } from './deps.ts';
import { listProducts } from './list-products.ts';
import { putProduct } from './put-product.ts';
import { catalogRoutes } from './routes.ts';
import { showProduct } from './show-product.ts';

export const handler = createApi(catalogRoutes, { putProduct, listProducts, showProduct }, catalogApiDeps);
