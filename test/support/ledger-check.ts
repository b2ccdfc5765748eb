import { parseChanges, parsePostings } from '../../lambdas/payments/entry-row.ts';
import type { BalanceChange } from '../../lambdas/payments/update-programme/bulk-ledger.ts';
import type { Row } from '../../lambdas/shared/store/store.ts';

/**
 * Returns every violation of the ledger's rules in the rows of a payments table. The rules hold at any moment: each
 * entry sums to zero, and each account has the balance and the version that its entries give.
 */
export function findLedgerErrors(rows: readonly Row[]): string[] {
  const errors: string[] = [];
  const changesByUser = new Map<string, (BalanceChange & { key: string })[]>();
  for (const row of rows) {
    const key = `${row.pk} ${row.sk}`;
    const sum = parsePostings(row).reduce((total, { amount }) => total + BigInt(amount), 0n);
    if (sum !== 0n) errors.push(`The postings of ${key} sum to ${sum}.`);
    for (const change of parseChanges(row)) {
      const changes = changesByUser.get(change.user_id) ?? [];
      changes.push({ ...change, key });
      changesByUser.set(change.user_id, changes);
    }
  }
  for (const account of rows.filter((row) => row.pk.startsWith('ACCOUNT#') && row.sk === 'STATE')) {
    const changes = (changesByUser.get(String(account['user_id'])) ?? []).sort((a, b) => a.version - b.version);
    let balance = 0;
    for (const [index, change] of changes.entries()) {
      balance += change.amount;
      if (change.version !== index + 1)
        errors.push(`${account.pk}: entry ${index + 1} (${change.key}) has the version ${change.version}.`);
      if (change.balance_after !== balance)
        errors.push(`${account.pk}: ${change.key} has the balance ${change.balance_after}, but the sum is ${balance}.`);
    }
    if (account['balance'] !== balance)
      errors.push(`${account.pk} has the balance ${account['balance']}, but its entries sum to ${balance}.`);
    if (account['version'] !== changes.length)
      errors.push(`${account.pk} has the version ${account['version']}, but ${changes.length} entries.`);
  }
  return errors;
}

/** Returns the balance of `merchant:orders` from the entries of these customers: the sum of its postings in them. */
export const merchantBalance = (rows: readonly Row[], customers: readonly string[]): bigint => {
  const users = new Set(customers);
  return rows
    .filter((row) => users.has(String(row['account'])))
    .flatMap(parsePostings)
    .filter(({ account }) => account === 'merchant:orders')
    .reduce((sum, { amount }) => sum + BigInt(amount), 0n);
};
