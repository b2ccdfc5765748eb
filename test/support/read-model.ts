import { parseSummary } from '../../lambdas/balances/balance-row.ts';
import type { Row } from '../../lambdas/shared/store/store.ts';

const toUserAndBalance = ({ user_id, balance, version }: Row) => [String(user_id), { balance, version }] as const;

/** Returns all balances of the ledger's table (`ACCOUNT`) or of the read model's table (`USER`), by user. */
export const balancesByUser = (rows: readonly Row[], kind: 'ACCOUNT' | 'USER') =>
  Object.fromEntries(rows.filter(({ pk, sk }) => pk.startsWith(`${kind}#`) && sk === 'STATE').map(toUserAndBalance));

/** Returns the totals of the summaries of all buckets. */
export function summaryTotals(rows: readonly Row[]): { users: number; balances: number; sum: bigint } {
  const summaries = rows.filter(({ pk }) => pk.startsWith('SUMMARY#')).map((row) => parseSummary(row).summary);
  return {
    users: summaries.reduce((total, { users }) => total + users, 0),
    balances: summaries.reduce((total, { balances }) => total + balances, 0),
    sum: summaries.reduce((total, { sum }) => total + sum, 0n),
  };
}

/** Returns the same totals, counted from the accounts of the ledger. */
export function ledgerTotals(accounts: readonly Row[]): { users: number; balances: number; sum: bigint } {
  const balances = Object.values(balancesByUser(accounts, 'ACCOUNT'));
  return {
    users: balances.length,
    balances: balances.filter(({ version }) => Number(version) > 0).length,
    sum: balances.reduce((total, { balance }) => total + BigInt(Number(balance)), 0n),
  };
}
