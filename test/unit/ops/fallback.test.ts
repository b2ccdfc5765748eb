import { describe, expect, test } from 'vitest';
import { createRoutingError, pathOf } from '../../../lambdas/ops/fallback.ts';
import { gatewayEvent } from '../../support/fixtures.ts';

const routes = ['POST /orders', 'GET /orders', 'GET /orders/{id}', 'GET /orders/{id}/workflow', 'GET /healthz'];

describe('a request without a route', () => {
  test('gets 404 if the path is unknown', () => {
    for (const path of ['/', '/unknown', '/orders/1/unknown', '/Orders', '/orders/1/workflow/2', '/healthz/x', ''])
      expect(createRoutingError('GET', path, routes), path).toMatchObject({
        status: 404,
        code: 'not_found',
        message: `No route matches GET ${path}.`,
        headers: {},
      });
  });

  test('gets 405 with the supported methods if the path is known', () => {
    expect(createRoutingError('DELETE', '/orders', routes)).toMatchObject({
      status: 405,
      code: 'method_not_allowed',
      message: '/orders does not support DELETE.',
      headers: { Allow: 'GET, POST' },
    });
    const error = createRoutingError('POST', '/orders/123', routes);
    expect(error).toMatchObject({ status: 405, headers: { Allow: 'GET' } });
    const errorBelow = createRoutingError('PUT', '/orders/123/workflow/', routes);
    expect(errorBelow).toMatchObject({ status: 405, headers: { Allow: 'GET' } });
  });

  test('gets each supported method once, even if several routes match', () => {
    const error = createRoutingError('PUT', '/a/b', ['GET /a/{x}', 'GET /a/b', 'POST /a/{y}']);
    expect(error.headers).toEqual({ Allow: 'GET, POST' });
  });
});

describe('the path of a request', () => {
  const pathOfRequest = (path: string, proxy?: string) =>
    pathOf(gatewayEvent('GET /{proxy+}', { path, pathParameters: proxy === undefined ? null : { proxy } }));

  test('does not contain the base path of a custom domain', () => {
    expect(pathOfRequest('/shop/orders/1', 'orders/1')).toBe('/orders/1');
    expect(pathOfRequest('/orders', 'orders')).toBe('/orders');
  });

  test('is / for the root', () => {
    expect(pathOfRequest('/shop')).toBe('/');
    expect(pathOfRequest('/')).toBe('/');
  });
});
