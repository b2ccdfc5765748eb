import { defineConfig } from 'vitest/config';

/**
 * Defines a project without an engine. Its tests leave nothing behind, so its files share slow imports such as the CDK.
 */
const fastProject = (name: string) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    isolate: false,
    // These tests wait for nothing outside of the process. The limit only ends a hang, also on a loaded machine.
    testTimeout: 30_000,
    env: { POWERTOOLS_LOG_LEVEL: 'SILENT', POWERTOOLS_METRICS_DISABLED: 'true' },
  },
});

/** Tests that share one engine. The files run one after another, so that none disturbs another. */
const engineProject = {
  test: {
    name: 'engine',
    include: ['test/integration/**/*.test.ts', 'test/e2e/**/*.test.ts'],
    globalSetup: ['test/support/engine-setup.ts'],
    testTimeout: 120_000,
    hookTimeout: 300_000,
    fileParallelism: false,
    sequence: { groupOrder: 1 },
  },
};

/** Tests that start, kill, remove or restore a whole stage, each on an engine of its own. They mostly wait. */
const lifecycleProject = {
  test: {
    name: 'lifecycle',
    include: ['test/lifecycle/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 300_000,
    fileParallelism: false,
    sequence: { groupOrder: 2 },
  },
};

/** Tests that compare the calls that the engines of this run have recorded with the grants. They run last. */
const permissionsProject = {
  test: {
    name: 'permissions',
    include: ['test/permissions/**/*.test.ts'],
    testTimeout: 30_000,
    sequence: { groupOrder: 3 },
  },
};

/** Tests that run commands in a copy of the source tree. */
const toolsProject = { test: { name: 'tools', include: ['test/tools/**/*.test.ts'], testTimeout: 300_000 } };

const projects = [
  ...['unit', 'contracts', 'infra', 'simulation'].map(fastProject),
  toolsProject,
  engineProject,
  lifecycleProject,
  permissionsProject,
];

export default defineConfig({ test: { projects } });
