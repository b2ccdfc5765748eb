import type { EventRules } from '../../lambdas/webhooks/event-rules.ts';

/** Rules that record their changes. Like rules that CloudFormation has just created, they are enabled. */
export class RecordingRules implements EventRules {
  readonly changes: ('enable' | 'disable')[] = [];

  get areEnabled(): boolean {
    return this.changes.at(-1) !== 'disable';
  }

  enable = async (): Promise<void> => void this.changes.push('enable');
  disable = async (): Promise<void> => void this.changes.push('disable');
}
