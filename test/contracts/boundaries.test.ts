import { describe, expect, test } from 'vitest';
import { filesOf, type Import, importsIn, importsOf, textOf } from '../support/source-tree.ts';

/**
 * Tests which folders may import which. It reads the import statements, including those of types, because
 * dependency-cruiser does not support TypeScript 7.
 */
const product = ['bin', 'events', 'lambdas', 'lib', 'localstack', 'tools', 'web'];
const all = filesOf(...product.map((folder) => `${folder}/**/*.{ts,tsx,mts,mjs}`), 'test/**/*.ts');
const imports = all.flatMap(importsOf);

/** Pure files: they depend on the business terms only, not on AWS, tables or time. */
const DOMAIN = [
  'lambdas/balances/balance.ts',
  'lambdas/catalog/cart.ts',
  'lambdas/catalog/price-rules.ts',
  'lambdas/catalog/product.ts',
  'lambdas/documents/document.ts',
  'lambdas/orders/order.ts',
  'lambdas/payments/ledger.ts',
  'lambdas/payments/update-programme/bulk-ledger.ts',
  'lambdas/payments/update-programme/tick.ts',
  'lambdas/tickets/ticket.ts',
];
/**
 * The only imports between contexts: placing an order reads prices and carts through ports of catalog, which reads
 * through a port of orders whether a cart was checked out (docs/adr/0016), the sync of balances reads the ledger
 * through a port of payments, and the orders route passes documents to a port of the documents context (docs/adr/0008).
 * A new one needs an ADR.
 */
const CONTEXT_IMPORTS: readonly string[] = [
  'lambdas/orders/deps.ts -> lambdas/catalog/quote.ts',
  'lambdas/orders/deps.ts -> lambdas/catalog/cart-row.ts',
  'lambdas/catalog/deps.ts -> lambdas/orders/cart-order.ts',
  'lambdas/orders/deps.ts -> lambdas/documents/submit-document.ts',
  'lambdas/balances/deps.ts -> lambdas/payments/ledger-port.ts',
];

interface Rule {
  readonly title: string;
  readonly appliesTo: (file: string) => boolean;
  readonly allows: (candidate: Import) => boolean;
}

const within =
  (...folders: string[]) =>
  (file: string): boolean =>
    folders.some((folder) => file.startsWith(`${folder}/`));
const contextOf = (file: string): string => file.split('/')[1] ?? '';
const isPackage = (to: string): boolean => !/^(bin|events|lambdas|lib|localstack|test|tools|web|docs)\//.test(to);

const rules: readonly Rule[] = [
  {
    title: 'events import zod/mini and each other, nothing else',
    appliesTo: within('events'),
    allows: ({ to }) => to === 'zod/mini' || within('events')(to),
  },
  {
    title: 'a context imports events, lambdas/shared and itself',
    appliesTo: (file) => within('lambdas')(file) && contextOf(file) !== 'shared',
    allows: ({ from, to }) =>
      isPackage(to) ||
      to === 'docs/openapi.json' ||
      within('events', 'lambdas/shared', `lambdas/${contextOf(from)}`)(to) ||
      CONTEXT_IMPORTS.includes(`${from} -> ${to}`),
  },
  {
    title: 'lambdas/shared imports no context and no single event',
    appliesTo: within('lambdas/shared'),
    allows: ({ to }) => isPackage(to) || within('lambdas/shared')(to) || /^events\/[^/]+\.ts$/.test(to),
  },
  {
    title: 'domain files import only events',
    appliesTo: (file) => DOMAIN.includes(file),
    allows: ({ to }) => within('events')(to),
  },
  {
    title: 'handlers import zod/mini instead of zod, and nothing of the CDK',
    appliesTo: within('lambdas', 'events'),
    allows: ({ to }) => !/^(zod$|zod\/v4$|aws-cdk-lib|constructs)/.test(to),
  },
  {
    title: 'the infrastructure imports of lambdas only env, routes, tables, and files of constants',
    appliesTo: within('lib'),
    allows: ({ to, typeOnly }) =>
      !within('lambdas')(to) ||
      /^lambdas\/\w[\w-]*\/(env|routes|table)\.ts$/.test(to) ||
      /^lambdas\/shared\/runtime\/(chaos-setting|env|metric-registry)\.ts$/.test(to) ||
      /^lambdas\/shared\/(messaging\/receive-limit|http\/problem-texts)\.ts$/.test(to) ||
      (to === 'lambdas/shared/store/store.ts' && typeOnly),
  },
  {
    title: 'handlers and events import neither the infrastructure nor bin nor the page',
    appliesTo: within('lambdas', 'events'),
    allows: ({ to }) => !within('lib', 'bin', 'web')(to),
  },
  {
    title: 'only bin and tests import localstack',
    appliesTo: within('events', 'lambdas', 'lib', 'tools', 'web'),
    allows: ({ to }) => !within('localstack')(to),
  },
  {
    title: 'localstack and tools import no command of bin',
    appliesTo: within('localstack', 'tools'),
    allows: ({ to }) => !within('bin')(to),
  },
  {
    title: 'no product file imports a test',
    appliesTo: within(...product),
    allows: ({ to }) => !within('test')(to),
  },
  {
    title: 'only tests import test libraries',
    appliesTo: within(...product),
    allows: ({ to }) => !/^(vitest|fast-check)(\/|$)/.test(to),
  },
  {
    title: 'relative imports name an existing file',
    appliesTo: within(...product),
    allows: ({ to }) => isPackage(to) || filesOf(to).length === 1,
  },
];

const violationsOf = ({ appliesTo, allows }: Rule, candidates: readonly Import[]): string[] =>
  candidates
    .filter((candidate) => appliesTo(candidate.from) && !allows(candidate))
    .map(({ from, to }) => `${from} -> ${to}`);

test('files and imports are found', () => {
  expect(all.length).toBeGreaterThan(100);
  expect(imports.length).toBeGreaterThan(all.length);
  for (const file of DOMAIN) expect(all).toContain(file);
});

test.each(rules)('$title', (rule) => {
  expect(imports.some(({ from }) => rule.appliesTo(from))).toBe(true);
  expect(violationsOf(rule, imports)).toEqual([]);
});

test('only one file creates clients of SQS, because each needs the same setting', () => {
  const files = all.filter((file) => /\bnew (\w+\.)?SQSClient\(/.test(textOf(file)));
  expect(files).toEqual(['lambdas/shared/runtime/sqs-client.ts']);
});

test('no import cycle exists, not even of types', () => {
  const importsByFile = new Map(all.map((file) => [file, importsOf(file)]));
  const visited = new Set<string>();
  const cycles: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file].join(' -> '));
    if (visited.has(file) || path.includes(file)) return;
    for (const { to } of importsByFile.get(file) ?? []) visit(to, [...path, file]);
    visited.add(file);
  };
  for (const file of all) visit(file, []);
  expect(cycles).toEqual([]);
});

describe('importsIn', () => {
  const read = (text: string) => importsIn('lambdas/orders/x.ts', text).map(({ to, typeOnly }) => [to, typeOnly]);

  test('finds every form of import', () => {
    expect(
      read(`
        import a from './a.ts';
        import { type B, c as d } from "../b/c.ts";
        import type { E } from '../../lib/e.ts';
        import * as z from 'zod/mini';
        import 'side-effect';
        import {
          f,
          g,
        } from './f.ts';
        export * from './h.ts';
        export type { I } from './i.ts';
        const j = await import('./j.ts');
        import k from './k.json' with { type: 'json' };
      `),
    ).toEqual([
      ['lambdas/orders/a.ts', false],
      ['lambdas/b/c.ts', false],
      ['lib/e.ts', true],
      ['zod/mini', false],
      ['side-effect', false],
      ['lambdas/orders/f.ts', false],
      ['lambdas/orders/h.ts', false],
      ['lambdas/orders/i.ts', true],
      ['lambdas/orders/k.json', false],
      ['lambdas/orders/j.ts', false],
    ]);
  });

  test('ignores comments, strings and import types', () => {
    expect(
      read("// we import 'x' from 'y'\nconst text = 'import';\nlet sdk: typeof import('y');\nexport const a = 'b';"),
    ).toEqual([]);
  });

  test.each([
    ['lambdas/orders/place-order.ts', 'lambdas/payments/ledger.ts'],
    ['lambdas/shared/store/commit.ts', 'lambdas/orders/order.ts'],
    ['lambdas/orders/order.ts', 'lambdas/shared/store/store.ts'],
    ['lambdas/orders/api.ts', 'lib/config.ts'],
    ['lambdas/orders/api.ts', 'zod'],
    ['events/envelope.ts', 'lambdas/shared/errors.ts'],
    ['events/envelope.ts', 'zod'],
    ['lib/data.ts', 'lambdas/orders/order-store.ts'],
    ['lib/config.ts', 'lambdas/shared/runtime/chaos.ts'],
    ['lib/data.ts', 'localstack/ports.ts'],
    ['lib/data.ts', 'test/support/poll.ts'],
    ['localstack/seed.ts', 'bin/ops/publish.ts'],
    ['tools/progress.ts', 'localstack/ports.ts'],
    ['bin/ops.ts', 'vitest'],
    ['lambdas/orders/api.ts', 'lambdas/orders/nowhere.ts'],
  ])('a rule forbids that %s imports %s', (from, to) => {
    expect(rules.flatMap((rule) => violationsOf(rule, [{ from, to, typeOnly: false }]))).not.toEqual([]);
  });
});
