import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { beforeAll, describe, expect, test } from 'vitest';
import { synthesized } from '../support/synthesized.ts';

/** Synthesizing and checking a stage takes several seconds on a busy machine. These tests do not measure that time. */
const TIMEOUT_MS = 60_000;

const packs = [AwsSolutionsChecks, ServerlessChecks];

describe.each(['local', 'prod'] as const)('cdk-nag on the %s stage', (stage) => {
  beforeAll(() => void synthesized(stage), TIMEOUT_MS);

  test.each(packs)(
    'suppresses every finding with a reason (%o)',
    (Pack) => {
      const { app } = synthesized(stage);
      const { violations } = new Pack(app).validateScope(app);
      const findings = violations.flatMap(({ ruleName, violatingResources }) =>
        violatingResources.map(({ constructPath }) => `${ruleName} at ${constructPath}`),
      );
      expect(findings).toEqual([]);
    },
    TIMEOUT_MS,
  );
});
