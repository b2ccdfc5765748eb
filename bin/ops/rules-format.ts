import { countOf, table } from './print.ts';
import type { Range, Rule, Rules } from './rules-api.ts';
import { formatTime } from './time.ts';

export const describeMode = ({ mode, rules }: Pick<Rules, 'mode' | 'rules'>): string =>
  `${countOf(rules.length, 'rule')}, ${mode}`;

/** Formats a version of the rules, one rule in each line. */
export function formatRules(version: Rules): string {
  const created = version.created_at === undefined ? '' : `, since ${formatTime(version.created_at)}`;
  const head = `Version ${version.version}: ${describeMode(version)}${created}`;
  if (version.rules.length === 0) return head;
  const rows = version.rules.map((rule) => [
    rule.id,
    describeEffect(rule.effect),
    rule.skus?.join(', ') ?? 'all products',
    describeConditions(rule.when) || 'always',
    rule.description ?? '',
  ]);
  return `${head}\n\n${table(['rule', 'effect', 'products', 'when', 'description'], rows)}`;
}

/** Returns an effect in words, for example `12.5 % off`. */
export function describeEffect({ type, basis_points, amount, price }: Rule['effect']): string {
  if (type === 'percent') return `${formatPercent(Math.abs(Number(basis_points)))} % ${directionOf(basis_points)}`;
  if (type === 'amount') return `${Math.abs(Number(amount))} ${directionOf(amount)}`;
  return `price ${String(price)}`;
}

const directionOf = (change: unknown): string => (Number(change) < 0 ? 'off' : 'up');

/** 100 basis points are one percent. The digits are those of the integer, without a division of floats. */
function formatPercent(basisPoints: number): string {
  const digits = String(basisPoints).padStart(3, '0');
  const fraction = digits.slice(-2).replace(/0+$/, '');
  return fraction === '' ? digits.slice(0, -2) : `${digits.slice(0, -2)}.${fraction}`;
}

function describeConditions({ stock, quantity, cart_total, time, customer_tag }: Rule['when'] & object = {}): string {
  return [
    describeRange('stock', stock),
    describeRange('quantity', quantity),
    describeRange('cart total', cart_total),
    time?.from === undefined ? '' : `from ${time.from}`,
    time?.until === undefined ? '' : `until ${time.until}`,
    customer_tag === undefined ? '' : `tag ${customer_tag}`,
  ]
    .filter(Boolean)
    .join(', ');
}

function describeRange(name: string, { at_least, at_most }: Range = {}): string {
  if (at_least !== undefined && at_most !== undefined) return `${name} ${at_least}–${at_most}`;
  if (at_least !== undefined) return `${name} ≥ ${at_least}`;
  return at_most === undefined ? '' : `${name} ≤ ${at_most}`;
}
