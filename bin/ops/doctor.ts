import type { Check } from './check.ts';
import { defineCommand } from './command.ts';
import { describeError } from './describe-error.ts';
import { concurrencyCheck } from './doctor-concurrency.ts';
import { reachChecks } from './doctor-reach.ts';
import { stageChecks } from './doctor-stage.ts';
import { wiringChecks } from './doctor-wiring.ts';
import type { Target } from './target.ts';

type Diagnosis = Awaited<ReturnType<typeof diagnose>>;

export default defineCommand({
  details: 'The exit code is 1 if there is a problem.',
  examples: ['doctor', 'doctor --stage prod --json'],
  run: async ({ target, print, signal }) => {
    const diagnoses: Diagnosis[] = [];
    for (const check of [...reachChecks, ...stageChecks, ...wiringChecks, concurrencyCheck]) {
      if (signal.aborted) break;
      print.progress('check', diagnoses.length + 1);
      const diagnosis = await diagnose(check, target);
      diagnoses.push(diagnosis);
      if (!print.isJson) print.text(formatDiagnosis(diagnosis));
      if (!diagnosis.completed && check.isRequired) break;
    }
    print.progressDone();
    const ok = diagnoses.every((diagnosis) => diagnosis.ok);
    if (print.isJson) print.result({ stage: target.stage, ok, checks: diagnoses }, () => '');
    return ok ? 0 : 1;
  },
});

/** Runs a check. A check that throws is reported as a problem, and `completed` is false: its result is unknown. */
export async function diagnose(check: Check, target: Target) {
  try {
    const { problems, summary } = await check.run(target);
    const ok = problems.length === 0;
    return { check: check.title, ok, completed: true, summary, problems, remedy: ok ? null : check.remedy(target) };
  } catch (error) {
    const { problem, remedy } = describeError(error, target);
    const failed = { check: check.title, ok: false, completed: false, summary: '', problems: [problem] };
    return { ...failed, remedy: check.isRequired ? remedy : check.remedy(target) };
  }
}

export function formatDiagnosis({ check, ok, summary, problems, remedy }: Diagnosis): string {
  if (ok) return `✓ ${check}: ${summary}`;
  return [`✗ ${check}: ${problems.join('; ')}`, `  ${remedy}`].join('\n');
}
