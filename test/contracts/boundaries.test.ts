import { describe, expect, test } from 'vitest';
import { filesOf, type Import, importsIn, importsOf } from '../support/source-tree.ts';

/**
 * Who may know whom. Read from the import statements themselves, types included: dependency-cruiser needs a TypeScript
 * below 7 to read them.
 */
const product = ['bin', 'events', 'lambdas', 'lib', 'localstack', 'tools', 'web'];
const all = filesOf(...product.map((folder) => `${folder}/**/*.{ts,tsx,mts,mjs}`), 'test/**/*.ts');
const imports = all.flatMap(importsOf);

/** Pure: they know the business words and nothing of AWS, of tables or of time. */
const DOMAIN = [
  'lambdas/balances/balance.ts',
  'lambdas/catalog/product.ts',
  'lambdas/documents/document.ts',
  'lambdas/orders/order.ts',
  'lambdas/payments/ledger.ts',
  'lambdas/payments/update-programme/tick.ts',
  'lambdas/tickets/ticket.ts',
];
/**
 * Placing an order asks catalog's read-only port what it costs, the sync of balances asks payments' what the ledger has,
 * and a document that comes through the orders' door is handed to documents' port (docs/adr/0008). By design; the list
 * grows by decision only.
 */
const CROSSINGS: readonly string[] = [
  'lambdas/orders/deps.ts -> lambdas/catalog/quote.ts',
  'lambdas/orders/deps.ts -> lambdas/documents/submit-document.ts',
  'lambdas/balances/deps.ts -> lambdas/payments/ledger-port.ts',
];

interface Rule {
  readonly says: string;
  readonly from: (file: string) => boolean;
  readonly may: (one: Import) => boolean;
}

const within =
  (...folders: string[]) =>
  (file: string): boolean =>
    folders.some((folder) => file.startsWith(`${folder}/`));
const contextOf = (file: string): string => file.split('/')[1] ?? '';
const isPackage = (to: string): boolean => !/^(bin|events|lambdas|lib|localstack|test|tools|web|docs)\//.test(to);

const rules: readonly Rule[] = [
  {
    says: 'events import zod/mini and each other, nothing else',
    from: within('events'),
    may: ({ to }) => to === 'zod/mini' || within('events')(to),
  },
  {
    says: 'a context imports events, the shared kernel and itself',
    from: (file) => within('lambdas')(file) && contextOf(file) !== 'shared',
    may: ({ from, to }) =>
      isPackage(to) ||
      to === 'docs/openapi.json' ||
      within('events', 'lambdas/shared', `lambdas/${contextOf(from)}`)(to) ||
      CROSSINGS.includes(`${from} -> ${to}`),
  },
  {
    says: 'the shared kernel knows no context, and of events only what all of them have',
    from: within('lambdas/shared'),
    may: ({ to }) => isPackage(to) || within('lambdas/shared')(to) || /^events\/[^/]+\.ts$/.test(to),
  },
  {
    says: 'domain files import only events',
    from: (file) => DOMAIN.includes(file),
    may: ({ to }) => within('events')(to),
  },
  {
    says: 'handlers use zod/mini, never the whole of zod, and nothing of the CDK',
    from: within('lambdas', 'events'),
    may: ({ to }) => !/^(zod$|zod\/v4$|aws-cdk-lib|constructs)/.test(to),
  },
  {
    says: 'the infrastructure knows of handlers only their environment, routes, tables and what chaos can be set to',
    from: within('lib'),
    may: ({ to, typeOnly }) =>
      !within('lambdas')(to) ||
      /^lambdas\/\w[\w-]*\/(env|routes|table)\.ts$/.test(to) ||
      /^lambdas\/shared\/runtime\/(chaos-setting|env)\.ts$/.test(to) ||
      (to === 'lambdas/shared/store/store.ts' && typeOnly),
  },
  {
    says: 'handlers and events know neither the infrastructure nor the tools',
    from: within('lambdas', 'events'),
    may: ({ to }) => !within('lib', 'bin', 'web')(to),
  },
  {
    says: 'what differs from AWS is known to its own folder, to the tools and to tests',
    from: within('events', 'lambdas', 'lib', 'web'),
    may: ({ to }) => !within('localstack')(to),
  },
  {
    says: 'no product code knows a test',
    from: within(...product),
    may: ({ to }) => !within('test')(to),
  },
  {
    says: 'only tests use what is there for tests',
    from: within(...product),
    may: ({ to }) => !/^(vitest|fast-check)(\/|$)/.test(to),
  },
  {
    says: 'relative imports name a file that is there',
    from: within(...product),
    may: ({ to }) => isPackage(to) || filesOf(to).length === 1,
  },
];

const offences = ({ from, may }: Rule, of: readonly Import[]): string[] =>
  of.filter((one) => from(one.from) && !may(one)).map((one) => `${one.from} -> ${one.to}`);

test('the tree is read: there are files, and imports in them', () => {
  expect(all.length).toBeGreaterThan(100);
  expect(imports.length).toBeGreaterThan(all.length);
  for (const file of DOMAIN) expect(all).toContain(file);
});

test.each(rules)('$says', (rule) => {
  expect(imports.some(({ from }) => rule.from(from))).toBe(true);
  expect(offences(rule, imports)).toEqual([]);
});

test('no two files need each other, directly or around a corner, not even for a type', () => {
  const known = new Map(all.map((file) => [file, importsOf(file)]));
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file].join(' -> '));
    if (done.has(file) || path.includes(file)) return;
    for (const { to } of known.get(file) ?? []) visit(to, [...path, file]);
    done.add(file);
  };
  for (const file of all) visit(file, []);
  expect(cycles).toEqual([]);
});

describe('the reader of imports', () => {
  const read = (text: string) => importsIn('lambdas/orders/x.ts', text).map(({ to, typeOnly }) => [to, typeOnly]);

  test('sees every way to import', () => {
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

  test('takes no sentence and no type for an import', () => {
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
    ['bin/ops.ts', 'vitest'],
    ['lambdas/orders/api.ts', 'lambdas/orders/nowhere.ts'],
  ])('would object if %s imported %s', (from, to) => {
    expect(rules.flatMap((rule) => offences(rule, [{ from, to, typeOnly: false }]))).not.toEqual([]);
  });
});
