import { parseSummary } from '../../lambdas/balances/balance-row.ts';
import type { Row } from '../../lambdas/shared/store/store.ts';

const balanceOf = ({ user_id, balance, version }: Row) => [String(user_id), { balance, version }] as const;

/** Every balance of a table, the ledger's or the read model's, by its user. */
export const balancesByUser = (rows: readonly Row[], kind: 'ACCOUNT' | 'USER') =>
  Object.fromEntries(rows.filter(({ pk, sk }) => pk.startsWith(`${kind}#`) && sk === 'STATE').map(balanceOf));

/** What the summaries of all buckets say together. */
export function summaryTotals(rows: readonly Row[]): { users: number; balances: number; sum: bigint } {
  const all = rows.filter(({ pk }) => pk.startsWith('SUMMARY#')).map((row) => parseSummary(row).summary);
  return {
    users: all.reduce((sum, { users }) => sum + users, 0),
    balances: all.reduce((sum, { balances }) => sum + balances, 0),
    sum: all.reduce((sum, one) => sum + one.sum, 0n),
  };
}

/** The same, by counting the ledger's accounts one by one. */
export function ledgerTotals(accounts: readonly Row[]): { users: number; balances: number; sum: bigint } {
  const all = Object.values(balancesByUser(accounts, 'ACCOUNT'));
  return {
    users: all.length,
    balances: all.filter(({ version }) => Number(version) > 0).length,
    sum: all.reduce((sum, { balance }) => sum + BigInt(Number(balance)), 0n),
  };
}
