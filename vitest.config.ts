import { defineConfig } from 'vitest/config';

const fast = (name: string) => ({ test: { name, include: [`test/${name}/**/*.test.ts`] } });

/** Against the engine: one at a time, and with its time. */
const engine = (name: string) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    globalSetup: ['test/support/engine-setup.ts'],
    testTimeout: 120_000,
    hookTimeout: 300_000,
    fileParallelism: false,
  },
});

export default defineConfig({
  test: {
    projects: [
      fast('unit'),
      fast('contracts'),
      fast('infra'),
      fast('simulation'),
      engine('integration'),
      engine('e2e'),
    ],
  },
});
