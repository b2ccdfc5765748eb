import type { Check } from './check.ts';
import { command } from './command.ts';
import { reachChecks } from './doctor-reach.ts';
import { stageChecks } from './doctor-stage.ts';
import { wiringChecks } from './doctor-wiring.ts';
import { explain } from './explain.ts';
import type { Target } from './target.ts';

export interface Diagnosis {
  readonly check: string;
  readonly ok: boolean;
  /** Whether it could be looked at, at all. */
  readonly looked: boolean;
  readonly seen: string;
  readonly faults: readonly string[];
  readonly way_out: string | null;
}

export default command({
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
      if (!print.isJson) print.text(inWords(diagnosis));
      if (!diagnosis.looked && check.vital) break;
    }
    print.progressDone();
    const isWell = diagnoses.every(({ ok }) => ok);
    if (print.isJson) print.either({ stage: target.stage, ok: isWell, checks: diagnoses }, () => '');
    return isWell ? 0 : 1;
  },
});

/** A check that cannot look has found a fault, too. */
export async function diagnose(check: Check, target: Target): Promise<Diagnosis> {
  try {
    const { faults, seen } = await check.look(target);
    const ok = faults.length === 0;
    return { check: check.title, ok, looked: true, seen, faults, way_out: ok ? null : check.wayOut(target) };
  } catch (error) {
    const { problem, wayOut } = explain(error, target);
    return {
      check: check.title,
      ok: false,
      looked: false,
      seen: '',
      faults: [problem],
      way_out: check.vital ? wayOut : check.wayOut(target),
    };
  }
}

export function inWords({ check, ok, seen, faults, way_out }: Diagnosis): string {
  if (ok) return `✓ ${check}: ${seen}`;
  return [`✗ ${check}: ${faults.join('; ')}`, `  ${way_out}`].join('\n');
}
