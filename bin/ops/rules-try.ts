import type * as z from 'zod/mini';
import type { TrialView } from '../../lambdas/catalog/try-rules.ts';
import { defineCommand } from './command.ts';
import { readJsonObject } from './json-file.ts';
import { table } from './print.ts';
import { createCatalogClient } from './rules-api.ts';
import { parseInstantMs } from './time.ts';
import { UsageError } from './usage-error.ts';

/** The prices by the valid rules and by those of the file, as the API returns them. */
export type Trial = z.infer<typeof TrialView>;
type Price = Trial['live' | 'tried'];
type Line = Price['lines'][number];

export default defineCommand({
  positionals: { usage: '<rules.json>', min: 1, max: 1 },
  options: {
    cart: { type: 'string', valueName: 'cart.json', help: 'the file with the items: {"items": […], "user_id"?: "…"}' },
    at: { type: 'string', valueName: 'time', help: 'the time of the prices, for rules with a window (default: now)' },
  },
  details:
    'Both prices are calculated from the products and the tags of the customer as they are now. Nothing is changed.\n' +
    'lambdas/catalog/samples has a sample of both files.',
  examples: [
    'rules try lambdas/catalog/samples/rules.json --cart lambdas/catalog/samples/cart.json',
    'rules try rules.json --cart cart.json --at 2026-12-24T18:00:00Z',
  ],
  run: async ({ positionals: [file = ''], values, target, print }) => {
    if (values.cart === undefined) throw new UsageError('--cart is missing.');
    const at = values.at === undefined ? {} : { at: new Date(parseInstantMs(values.at, '--at')).toISOString() };
    const [rules, cart] = [await readJsonObject(file), await readJsonObject(values.cart)];
    const request = await createCatalogClient(target);
    const trial = await request<Trial>('POST', '/catalog/rules/try', { ...cart, ...at, rules });
    print.result(trial, () => formatTrial(trial));
  },
});

/** Formats the difference line by line, with the rules that set each price. */
export function formatTrial({ live, tried }: Trial): string {
  const rows = live.lines.map((line, index) => {
    const other = tried.lines[index] ?? line;
    return [
      line.seat === undefined ? line.sku : `${line.sku} ${line.seat}`,
      line.quantity,
      line.list_price,
      line.amount,
      other.amount,
      signed(other.amount - line.amount),
      namesOf(line),
      namesOf(other),
    ];
  });
  const total = ['total', '', '', live.total, tried.total, signed(tried.total - live.total), '', ''];
  const head = ['item', 'quantity', 'list price', 'now', 'tried', 'change', 'rules now', 'rules tried'];
  return [
    `Now: version ${live.rules_version}`,
    '',
    table(head, [...rows, total]),
    ...describeRejection('now', live),
    ...describeRejection('by the tried rules', tried),
  ].join('\n');
}

const signed = (change: number): string => (change > 0 ? `+${change}` : String(change));

const namesOf = ({ rules }: Line): string => rules.map(({ rule }) => rule).join(', ') || '-';

const describeRejection = (when: string, { rejected }: Price): string[] =>
  rejected === undefined ? [] : ['', `An order of these items ${when} is rejected: ${rejected}.`];
