import type { Target } from './target.ts';

interface CheckResult {
  readonly problems: readonly string[];
  /** What was checked, in a few words. It is shown if there are no problems. */
  readonly summary: string;
}

/** One check of the doctor. */
export interface Check {
  readonly title: string;
  /** Says what to do about the problems. */
  remedy(target: Target): string;
  /** Set if no later check can run when this one throws. */
  readonly isRequired?: true;
  run(target: Target): Promise<CheckResult>;
}

export const deployCommand = ({ onAws, stage }: Target): string =>
  onAws ? `Deploy the stage: npx cdk deploy --all -c stage=${stage}` : 'Run npm start to deploy what is missing.';
