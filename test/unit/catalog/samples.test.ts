import { expect, test } from 'vitest';
import { PriceShop } from '../../support/price-shop.ts';
import { textOf } from '../../support/source-tree.ts';

const FOLDER = 'lambdas/catalog/samples';
const parse = (text: string) => JSON.parse(text) as Record<string, unknown>;
const [rules, cart] = ['rules', 'cart'].map((name) => parse(textOf(`${FOLDER}/${name}.json`)));

test('the sample rules are valid, and change the price of the sample cart', async () => {
  const shop = await PriceShop.open();
  await shop.putProduct('gig', 200, 20);
  await shop.simulation.settle();
  expect(
    await shop.call('PUT /carts/{user_id}', { path: { user_id: 'bob' }, body: { items: cart?.['items'] } }),
  ).toMatchObject({
    status: 200,
  });
  const tried = await shop.call('POST /catalog/rules/try', { body: { ...cart, rules } });
  expect(tried).toMatchObject({ status: 200, body: { live: { total: 800 }, tried: { total: 200 } } });
  expect((await shop.call('PUT /catalog/rules', { body: rules ?? {} })).status).toBe(200);
});

test('the README of the catalog shows the sample rules', () => {
  const [, example = ''] = /```json\n([\s\S]*?)```/.exec(textOf('lambdas/catalog/README.md')) ?? [];
  expect(parse(example)).toEqual(rules);
});

test('the README names the files', () => {
  for (const name of ['rules', 'cart']) expect(textOf('README.md')).toContain(`${FOLDER}/${name}.json`);
});
