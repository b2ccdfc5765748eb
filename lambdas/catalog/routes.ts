/** The routes of this context by operation. The API, the fallback, the CDK app and the API document read this list. */
export const catalogRoutes = {
  putProduct: 'PUT /catalog/products/{sku}',
  listProducts: 'GET /catalog/products',
  showProduct: 'GET /catalog/products/{sku}',
} as const;
