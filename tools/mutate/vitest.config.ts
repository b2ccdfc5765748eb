/** The unit tests of the mutated files. A simulation would catch more, but it takes seconds for each mutant. */
export default {
  test: {
    include: ['test/unit/{balances,catalog,documents,orders,payments,relay,shared,tickets}/**/*.test.ts'],
    isolate: false,
    testTimeout: 30_000,
    env: { POWERTOOLS_LOG_LEVEL: 'SILENT', POWERTOOLS_METRICS_DISABLED: 'true' },
  },
};
