import { bugsIn, type PlantedBug } from '../planted-bug.ts';

/** Bugs in the read model: each of them would show balances or totals that the ledger does not have. */
export const plantedInBalances: readonly PlantedBug[] = [
  ...bugsIn('lambdas/balances/balance.ts', [
    {
      name: 'stale update is applied',
      find: 'if (!current || version > current.version)',
      replace: 'if (!current || version !== current.version)',
      consequence: 'A late event sets a balance back.',
      caughtBy: ['test/unit/balances/written-conditions.test.ts', 'stale and duplicate updates write nothing'],
    },
    {
      name: 'correction ignores a wrong balance',
      find: 'return isWrong ? { ...current, balance: account.balance } : applyUpdate(current, account);',
      replace: 'return applyUpdate(current, account);',
      consequence: 'The sync finds a wrong balance each time and never repairs it.',
      caughtBy: [
        'test/unit/balances/balance.test.ts',
        'replaces a balance that is missing, behind, or wrong at the same version',
      ],
    },
    {
      name: 'old balance stays in the sum',
      find: 'sum: summary.sum + added.sum - removed.sum,',
      replace: 'sum: summary.sum + added.sum,',
      consequence: 'The total of all balances grows with each update.',
      caughtBy: ['test/unit/balances/balance.test.ts', 'replaces the old balance by the new one'],
    },
    {
      name: 'update in transit is drift',
      find: "if (balance.version < account.version) return isOverdue ? 'behind' : undefined;",
      replace: "if (balance.version < account.version) return 'behind';",
      consequence: 'The alarm for drift starts on each sync.',
      caughtBy: [
        'test/unit/balances/balance.test.ts',
        'is "behind" or "missing" after one minute, and absent while the update may be in transit',
      ],
    },
    {
      name: 'lost update is no drift',
      find: "return isOverdue ? 'missing' : undefined;",
      replace: 'return undefined;',
      consequence: 'An account whose events were lost never appears in the read model.',
      caughtBy: [
        'test/unit/balances/balance.test.ts',
        'is "behind" or "missing" after one minute, and absent while the update may be in transit',
      ],
    },
  ]),
  ...bugsIn('lambdas/balances/balance-store.ts', [
    {
      name: 'balance without its version',
      find: 'when: before ? versionIs(before.version) : absent };',
      replace: 'when: before ? (undefined as never) : absent };',
      consequence: 'Concurrent updates of an account overwrite each other.',
      caughtBy: [
        'test/unit/balances/written-conditions.test.ts',
        'a balance and the summary of its bucket are created only if they are absent, and changed under their versions',
      ],
    },
    {
      name: 'summary without its version',
      find: 'when: versionBefore === 0 ? absent : versionIs(versionBefore),',
      replace: 'when: versionBefore === 0 ? absent : (undefined as never),',
      consequence: 'Concurrent updates of a bucket lose counts.',
      caughtBy: [
        'test/unit/balances/written-conditions.test.ts',
        'a balance and the summary of its bucket are created only if they are absent, and changed under their versions',
      ],
    },
    {
      name: 'account counted in two buckets',
      find: 'if (misplaced) {',
      replace: "if (misplaced && bucket === '') {",
      consequence: 'An account counts twice in the totals.',
      caughtBy: ['test/unit/balances/sync.test.ts', 'rejects an update that places an account in a second bucket'],
    },
  ]),
  ...bugsIn('lambdas/balances/compare-bucket.ts', [
    {
      name: 'sync repairs by a count of other accounts',
      find: 'if (version !== before.version) continue;',
      replace: '',
      consequence: 'A bucket that changes during the comparison gets a wrong count.',
      caughtBy: ['test/unit/balances/sync.test.ts', 'finds no drift if the missing update arrives before the repair'],
    },
  ]),
];
