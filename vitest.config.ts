import { defineConfig } from 'vitest/config';

const fast = (name: string) => ({ test: { name, include: [`test/${name}/**/*.test.ts`] } });

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
