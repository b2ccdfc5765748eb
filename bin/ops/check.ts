import type { Target } from './target.ts';

export interface Check {
  readonly title: string;
  /** Says what to do about the problems. */
  remedy(target: Target): string;
  /** Set if no later check can run when this one throws. */
  readonly isRequired?: true;
  /** Returns the problems and what was checked, in a few words. The summary is shown if there are no problems. */
  run(target: Target): Promise<{ summary: string; problems: readonly string[] }>;
}

export const deployCommand = ({ onAws, stage }: Target): string =>
  onAws ? `Deploy the stage: npx cdk deploy --all -c stage=${stage}` : 'Run npm start to deploy what is missing.';
