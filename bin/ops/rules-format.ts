import { countOf, table } from './print.ts';
import { describeFieldErrors } from './problem.ts';
import type { PriceRule, Range, Rules, UnreadableRules } from './rules-api.ts';
import { formatTime } from './time.ts';

export const describeMode = ({ mode, rules }: Pick<Rules, 'mode' | 'rules'>): string =>
  `${countOf(rules.length, 'rule')}, ${mode}`;

/** Formats a version of the rules, one rule in each line. */
export function formatRules(version: Rules | UnreadableRules): string {
  const created = version.created_at === undefined ? '' : `, since ${formatTime(version.created_at)}`;
  if ('errors' in version)
    return `Version ${version.version}: rules that this release does not know${created}${describeFieldErrors(version.errors)}`;
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
export function describeEffect(effect: PriceRule['effect']): string {
  switch (effect.type) {
    case 'percent':
      return `${formatPercent(Math.abs(effect.basis_points))} % ${directionOf(effect.basis_points)}`;
    case 'amount':
      return `${Math.abs(effect.amount)} ${directionOf(effect.amount)}`;
    case 'price':
      return `price ${effect.price}`;
  }
}

const directionOf = (change: number): string => (change < 0 ? 'off' : 'up');

/** 100 basis points are one percent. The digits are those of the integer, without a division of floats. */
function formatPercent(basisPoints: number): string {
  const digits = String(basisPoints).padStart(3, '0');
  const fraction = digits.slice(-2).replace(/0+$/, '');
  return fraction === '' ? digits.slice(0, -2) : `${digits.slice(0, -2)}.${fraction}`;
}

function describeConditions({
  stock,
  quantity,
  cart_total,
  time,
  customer_tag,
}: PriceRule['when'] & object = {}): string {
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
