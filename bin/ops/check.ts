import type { Target } from './target.ts';

/** What a check found: nothing wrong, or each thing that is. */
interface CheckResult {
  readonly problems: readonly string[];
  /** What was looked at, in a few words. */
  readonly summary: string;
}

export interface Check {
  readonly title: string;
  /** What to do about a fault. */
  remedy(target: Target): string;
  /** Where it cannot even look, nothing after it can. */
  readonly isRequired?: true;
  run(target: Target): Promise<CheckResult>;
}

export const deployCommand = ({ onAws, stage }: Target): string =>
  onAws ? `Deploy it: npx cdk deploy --all -c stage=${stage}` : 'npm start deploys what is missing.';
