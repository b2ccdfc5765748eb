import { defineConfig } from 'vitest/config';

/** Nothing of a test outlives it, so its files may share what is slow to import (the CDK above all). */
const fast = (name: string) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    isolate: false,
    env: { POWERTOOLS_LOG_LEVEL: 'SILENT', POWERTOOLS_METRICS_DISABLED: 'true' },
  },
});

/** Against one engine, by one file after the other: each of them has the whole of it for itself. */
const onEngine = {
  test: {
    name: 'engine',
    include: ['test/integration/**/*.test.ts', 'test/e2e/**/*.test.ts'],
    globalSetup: ['test/support/engine-setup.ts'],
    testTimeout: 120_000,
    hookTimeout: 300_000,
    fileParallelism: false,
  },
};

export default defineConfig({
  test: { projects: [fast('unit'), fast('contracts'), fast('infra'), fast('simulation'), onEngine] },
});
