import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { describe, expect, it } from 'vitest';
import { synthesized } from './synthesized.ts';

const packs = [AwsSolutionsChecks, ServerlessChecks];

describe.each(['local', 'prod'] as const)('cdk-nag on the %s stage', (stage) => {
  it.each(packs)('has nothing to say that is not explained (%o)', (Pack) => {
    const { app } = synthesized(stage);
    const { violations } = new Pack(app).validateScope(app);
    const findings = violations.flatMap(({ ruleName, violatingResources }) =>
      violatingResources.map(({ constructPath }) => `${ruleName} at ${constructPath}`),
    );
    expect(findings).toEqual([]);
  });
});
