export const catalogRoutes = {
  putProduct: 'PUT /catalog/products/{sku}',
  listProducts: 'GET /catalog/products',
  showProduct: 'GET /catalog/products/{sku}',
} as const;
