import { expect, test } from 'vitest';
import { allRoutes } from '../../lib/routes.ts';
import { textOf } from '../support/source-tree.ts';

interface Policy {
  readonly Statement: readonly { readonly Effect: string; readonly Action: string; readonly Resource: unknown }[];
}

const document = textOf('docs/security.md');
const STAGE = 'arn:aws:execute-api:eu-central-1:111122223333:a1b2c3d4e5/prod/';

/** Returns the resources that a policy of the document allows. */
function resourcesOf(name: string): string[] {
  const [, json = ''] = new RegExp(`<!-- policy: ${name} -->\\n\`\`\`json\\n([\\s\\S]*?)\`\`\``).exec(document) ?? [];
  const [statement, ...others] = (JSON.parse(json) as Policy).Statement;
  expect(others).toEqual([]);
  expect(statement).toMatchObject({ Effect: 'Allow', Action: 'execute-api:Invoke' });
  return [statement?.Resource].flat() as string[];
}

/** Returns whether a resource allows a route. A `*` matches any characters, also slashes. */
function allows(resource: string, route: string): boolean {
  const [method = '', path = ''] = route.split(' ');
  const called = `${STAGE}${method}${path.replaceAll(/\{\w+\}/g, 'a1')}`;
  const pattern = resource.split('*').map((text) => text.replaceAll(/[.\\/]/g, '\\$&'));
  return new RegExp(`^${pattern.join('.*')}$`).test(called);
}

const routes = Object.values(allRoutes);

test('the policy of an operator allows every route', () => {
  const resources = resourcesOf('operator');
  expect(routes.filter((route) => !resources.some((resource) => allows(resource, route)))).toEqual([]);
});

test('the policy of a shop allows what customers do, and nothing that is for operators', () => {
  const resources = resourcesOf('shop');
  expect(resources.filter((resource) => !routes.some((route) => allows(resource, route)))).toEqual([]);
  expect(routes.filter((route) => resources.some((resource) => allows(resource, route))).toSorted()).toEqual([
    'DELETE /carts/{user_id}',
    'GET /carts/{user_id}',
    'GET /catalog/products',
    'GET /catalog/products/{sku}',
    'GET /orders',
    'GET /orders/{id}',
    'GET /orders/{id}/workflow',
    'GET /payments/accounts/{user_id}/balance',
    'GET /payments/accounts/{user_id}/entries',
    'GET /quotes/{id}',
    'POST /carts/{user_id}/checkout',
    'POST /orders',
    'POST /payments/accounts',
    'POST /quotes',
    'PUT /carts/{user_id}',
  ]);
});
