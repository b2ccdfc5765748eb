import type { Check } from './check.ts';
import { defineCommand } from './command.ts';
import { describeError } from './describe-error.ts';
import { reachChecks } from './doctor-reach.ts';
import { stageChecks } from './doctor-stage.ts';
import { wiringChecks } from './doctor-wiring.ts';
import type { Target } from './target.ts';

export interface Diagnosis {
  readonly check: string;
  readonly ok: boolean;
  /** Whether it could be looked at, at all. */
  readonly wasRun: boolean;
  readonly summary: string;
  readonly problems: readonly string[];
  readonly remedy: string | null;
}

export default defineCommand({
  options: {},
  about: 'Each fault comes with a way out. Ends with 1 if there is any.',
  examples: ['doctor', 'doctor --stage prod --json'],
  run: async ({ target, print, signal }) => {
    const diagnoses: Diagnosis[] = [];
    for (const check of [...reachChecks, ...stageChecks, ...wiringChecks]) {
      if (signal.aborted) break;
      print.progress('looking at', diagnoses.length + 1);
      const diagnosis = await diagnose(check, target);
      diagnoses.push(diagnosis);
      if (!print.isJson) print.text(formatDiagnosis(diagnosis));
      if (!diagnosis.wasRun && check.isRequired) break;
    }
    print.progressDone();
    const isWell = diagnoses.every(({ ok }) => ok);
    if (print.isJson) print.result({ stage: target.stage, ok: isWell, checks: diagnoses }, () => '');
    return isWell ? 0 : 1;
  },
});

/** A check that cannot look has found a fault, too. */
export async function diagnose(check: Check, target: Target): Promise<Diagnosis> {
  try {
    const { problems, summary } = await check.run(target);
    const ok = problems.length === 0;
    return { check: check.title, ok, wasRun: true, summary, problems, remedy: ok ? null : check.remedy(target) };
  } catch (error) {
    const { problem, remedy } = describeError(error, target);
    return {
      check: check.title,
      ok: false,
      wasRun: false,
      summary: '',
      problems: [problem],
      remedy: check.isRequired ? remedy : check.remedy(target),
    };
  }
}

export function formatDiagnosis({ check, ok, summary, problems, remedy }: Diagnosis): string {
  if (ok) return `✓ ${check}: ${summary}`;
  return [`✗ ${check}: ${problems.join('; ')}`, `  ${remedy}`].join('\n');
}
