// The configuration of Stryker, which `npm run mutate` starts.
export default {
  testRunner: 'vitest',
  plugins: ['@stryker-mutator/vitest-runner'],
  vitest: { configFile: 'tools/mutate/vitest.config.ts' },
  mutate: [
    'lambdas/{balances,catalog,documents,orders,payments,relay,shared,tickets}/**/*.ts',
    'events/*.ts',
    // Files that only connect others: the types and the tests of the infrastructure check them.
    '!lambdas/*/{api,deps,env,routes,table}.ts',
    '!lambdas/*/on-*.ts',
    '!lambdas/shared/runtime/{observability,lambda-credentials,client-settings,env}.ts',
  ],
  mutator: {
    // Most texts are messages, which no test should repeat. The compiler checks the others, such as the name of a state.
    excludedMutations: ['StringLiteral'],
  },
  // A constant of a module needs a run of all tests for each of its mutants. The planted bugs cover the important ones.
  ignoreStatic: true,
  coverageAnalysis: 'perTest',
  // Without a TypeScript configuration, because Stryker would parse it by the compiler's JavaScript API, which
  // TypeScript 7 does not have. Vitest does not need it either.
  tsconfigFile: 'none',
  // The sandbox is a copy of the source tree.
  tempDirName: '.oncebox/mutate',
  ignorePatterns: ['.oncebox', 'cdk.out', 'coverage', 'dist'],
  reporters: ['clear-text', 'progress-append-only', 'json'],
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false, allowEmojis: false },
  jsonReporter: { fileName: '.oncebox/mutation-report.json' },
  timeoutMS: 20_000,
};
