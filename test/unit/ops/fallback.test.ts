import { describe, expect, test } from 'vitest';
import { pathOf, refuse } from '../../../lambdas/ops/fallback.ts';
import { gatewayEvent } from '../../support/fixtures.ts';

const routes = ['POST /orders', 'GET /orders', 'GET /orders/{id}', 'GET /orders/{id}/workflow', 'GET /healthz'];

describe('a request that no route takes', () => {
  test('is 404 where the path is unknown', () => {
    for (const path of ['/', '/unknown', '/orders/1/unknown', '/Orders', '/orders/1/workflow/2', '/healthz/x', ''])
      expect(refuse('GET', path, routes), path).toMatchObject({ status: 404, code: 'not_found', headers: {} });
  });

  test('is 405 where the path is known, and says which methods it takes', () => {
    expect(refuse('DELETE', '/orders', routes)).toMatchObject({
      status: 405,
      code: 'method_not_allowed',
      headers: { Allow: 'GET, POST' },
    });
    expect(refuse('POST', '/orders/123', routes)).toMatchObject({ status: 405, headers: { Allow: 'GET' } });
    expect(refuse('PUT', '/orders/123/workflow/', routes)).toMatchObject({ status: 405, headers: { Allow: 'GET' } });
  });

  test('names each method once', () => {
    expect(refuse('PUT', '/a/b', ['GET /a/{x}', 'GET /a/b', 'POST /a/{y}']).headers).toEqual({ Allow: 'GET, POST' });
  });
});

describe('the path', () => {
  const at = (path: string, proxy?: string) =>
    pathOf(gatewayEvent('GET /{proxy+}', { path, pathParameters: proxy === undefined ? null : { proxy } }));

  test('is the routes’ own, without the base path that a domain puts before it', () => {
    expect(at('/shop/orders/1', 'orders/1')).toBe('/orders/1');
    expect(at('/orders', 'orders')).toBe('/orders');
  });

  test('of the root is the root', () => {
    expect(at('/shop')).toBe('/');
    expect(at('/')).toBe('/');
  });
});
