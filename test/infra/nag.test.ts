import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { beforeAll, describe, expect, it } from 'vitest';
import { synthesized } from '../support/synthesized.ts';

/** Bundling and synthesizing a stage takes seconds on a busy machine, and is not what these tests measure. */
const SYNTH_TIMEOUT_MS = 60_000;

const packs = [AwsSolutionsChecks, ServerlessChecks];

describe.each(['local', 'prod'] as const)('cdk-nag on the %s stage', (stage) => {
  beforeAll(() => void synthesized(stage), SYNTH_TIMEOUT_MS);

  it.each(packs)('has nothing to say that is not explained (%o)', (Pack) => {
    const { app } = synthesized(stage);
    const { violations } = new Pack(app).validateScope(app);
    const findings = violations.flatMap(({ ruleName, violatingResources }) =>
      violatingResources.map(({ constructPath }) => `${ruleName} at ${constructPath}`),
    );
    expect(findings).toEqual([]);
  });
});
