import type { Target } from './target.ts';

/** What a check found: nothing wrong, or each thing that is. */
interface Finding {
  readonly faults: readonly string[];
  /** What was looked at, in a few words. */
  readonly seen: string;
}

export interface Check {
  readonly title: string;
  /** What to do about a fault. */
  wayOut(target: Target): string;
  /** Where it cannot even look, nothing after it can. */
  readonly vital?: true;
  look(target: Target): Promise<Finding>;
}

export const deployAgain = ({ onAws, stage }: Target): string =>
  onAws ? `Deploy it: npx cdk deploy --all -c stage=${stage}` : 'npm start deploys what is missing.';
