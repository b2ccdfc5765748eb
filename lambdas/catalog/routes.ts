/** The doors of this context: the operation's name, its method and path. API, fallback, CDK and docs read this list. */
export const catalogRoutes = {
  putProduct: 'PUT /catalog/products/{sku}',
  listProducts: 'GET /catalog/products',
  showProduct: 'GET /catalog/products/{sku}',
} as const;
