import { parseChanges, parsePostings } from '../../lambdas/payments/entry-row.ts';
import type { BalanceChange } from '../../lambdas/payments/ledger.ts';
import type { Row } from '../../lambdas/shared/store/store.ts';

/** What must hold of a payments table at any moment, whatever has happened. Says every fault that it finds. */
export function findLedgerErrors(rows: readonly Row[]): string[] {
  const faults: string[] = [];
  const chains = new Map<string, (BalanceChange & { key: string })[]>();
  for (const row of rows) {
    const sum = parsePostings(row).reduce((total, { amount }) => total + BigInt(amount), 0n);
    if (sum !== 0n) faults.push(`${row.pk} ${row.sk} sums to ${sum}`);
    for (const share of parseChanges(row)) {
      const chain = chains.get(share.user_id) ?? [];
      chain.push({ ...share, key: `${row.pk} ${row.sk}` });
      chains.set(share.user_id, chain);
    }
  }
  for (const account of rows.filter((row) => row.pk.startsWith('ACCOUNT#') && row.sk === 'STATE')) {
    const own = (chains.get(String(account['user_id'])) ?? []).sort((one, other) => one.version - other.version);
    let balance = 0;
    for (const [at, entry] of own.entries()) {
      balance += entry.amount;
      if (entry.version !== at + 1) faults.push(`${account.pk}: version ${entry.version} stands at place ${at + 1}`);
      if (entry.balance_after !== balance)
        faults.push(`${account.pk}: ${entry.key} says ${entry.balance_after}, the sum is ${balance}`);
    }
    if (account['balance'] !== balance)
      faults.push(`${account.pk} has ${account['balance']}, its entries say ${balance}`);
    if (account['version'] !== own.length)
      faults.push(`${account.pk} is at version ${account['version']} after ${own.length} entries`);
  }
  return faults;
}

/** What the merchant has of these customers: the sum of its lines in their entries. */
export const merchantBalance = (rows: readonly Row[], customers: readonly string[]): bigint => {
  const known = new Set(customers);
  return rows
    .filter((row) => known.has(String(row['account'])))
    .flatMap(parsePostings)
    .filter(({ account }) => account === 'merchant:orders')
    .reduce((sum, { amount }) => sum + BigInt(amount), 0n);
};
