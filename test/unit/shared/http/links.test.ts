import type { APIGatewayProxyResult } from 'aws-lambda';
import { describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { createApi } from '../../../../lambdas/shared/http/api.ts';
import { HttpResponse, route } from '../../../../lambdas/shared/http/route.ts';
import { createSteppingClock, gatewayEvent } from '../../../support/fixtures.ts';

const ENTRIES = 'GET /accounts/{user_id}/entries';
const LINKS = { Location: '/accounts/bob', Link: '</accounts/bob/entries?cursor=x>; rel="next"' };

/** A request as API Gateway passes it to a function. `path` has the base path of a mapping, but never the stage. */
interface GatewayRequest {
  readonly path: string;
  readonly contextPath: string;
  readonly host: string;
}

/** Returns the links of a response to this request. */
async function linksFor({ path, contextPath, host }: GatewayRequest, baseUrl = '') {
  const params = z.strictObject({ user_id: z.string() });
  const showEntries = route({ params, returns: z.object({}) }, async () => new HttpResponse({}, LINKS));
  const respond = createApi({ showEntries: ENTRIES }, { showEntries }, () => () => ({})).withRuntime({
    createDeps: () => ({}),
    clock: createSteppingClock(),
    baseUrl,
  });
  const event = gatewayEvent(ENTRIES, { path, pathParameters: { user_id: 'bob' }, headers: { Host: host } });
  const requestContext = { ...event.requestContext, stage: 'prod', path: contextPath, domainName: host };
  const { headers = {} }: APIGatewayProxyResult = await respond({ ...event, requestContext });
  return { location: headers['Location'], link: headers['Link'] };
}

const linksBelow = (prefix: string) => ({
  location: `${prefix}/accounts/bob`,
  link: `<${prefix}/accounts/bob/entries?cursor=x>; rel="next"`,
});

const executeApi: GatewayRequest = {
  path: '/accounts/bob/entries',
  contextPath: '/prod/accounts/bob/entries',
  host: 'abc123.execute-api.eu-west-1.amazonaws.com',
};

describe('links without a base URL', () => {
  test('begin with the stage at the execute-api address', async () => {
    expect(await linksFor(executeApi)).toEqual(linksBelow('/prod'));
  });

  test('have no prefix at the root of a custom domain', async () => {
    const request = { ...executeApi, contextPath: '/accounts/bob/entries', host: 'shop.example' };
    expect(await linksFor(request)).toEqual(linksBelow(''));
  });

  test.each(['/shop', '/shop/v1', '/prod', '/accounts'])(
    'begin with the base path %s of a mapping',
    async (basePath) => {
      const path = `${basePath}/accounts/bob/entries`;
      expect(await linksFor({ path, contextPath: path, host: 'shop.example' })).toEqual(linksBelow(basePath));
    },
  );

  test.each([
    // MiniStack and LocalStack report the stage only, also for requests below /_aws/execute-api/<id>/<stage>.
    ['/test/accounts/bob/entries', '/test'],
    ['/_aws/execute-api/abc123/test/accounts/bob/entries', '/_aws/execute-api/abc123/test'],
  ])('begin with what an engine reports before the resource, for example %s', async (contextPath, prefix) => {
    expect(await linksFor({ ...executeApi, contextPath, host: '127.0.0.1:4566' })).toEqual(linksBelow(prefix));
  });

  test.each([
    ['a slash at the end', '/prod/accounts/bob/entries/', '/prod'],
    ['repeated slashes', '//prod//accounts/bob//entries', '/prod'],
    ['an encoded parameter', '/prod/accounts/b%6Fb/entries', '/prod'],
  ])('ignore %s', async (_, contextPath, prefix) => {
    expect(await linksFor({ ...executeApi, contextPath })).toEqual(linksBelow(prefix));
  });

  test('never name a host, whichever the request names', async () => {
    expect(await linksFor({ ...executeApi, host: 'evil.example' })).toEqual(linksBelow('/prod'));
    const contextPath = '//evil.example/accounts/bob/entries';
    expect(await linksFor({ ...executeApi, contextPath })).toEqual(linksBelow('/evil.example'));
  });

  test.each([
    ['is of another resource', '/prod/orders'],
    ['is shorter than the resource', '/entries'],
    ['is missing', undefined as unknown as string],
    ['has characters that end a link', '/pr>od/accounts/bob/entries'],
    ['leaves its folder', '/prod/../accounts/bob/entries'],
  ])('have no prefix if the path of the request %s', async (_, contextPath) => {
    expect(await linksFor({ ...executeApi, contextPath })).toEqual(linksBelow(''));
  });
});

test('links begin with the base URL if there is one, whichever address was called', async () => {
  expect(await linksFor(executeApi, 'https://shop.example/v1')).toEqual(linksBelow('https://shop.example/v1'));
  const atEngine = { ...executeApi, contextPath: '/test/accounts/bob/entries', host: '127.0.0.1:4566' };
  expect(await linksFor(atEngine, 'http://localhost:8080')).toEqual(linksBelow('http://localhost:8080'));
});
