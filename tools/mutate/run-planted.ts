import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../user-error.ts';
import { type PlantedBug, plant } from './planted-bug.ts';
import type { SourceCopies } from './source-copies.ts';
import { runTests } from './vitest-run.ts';

/** Whether the tests have noticed a bug. `invalid`: the bug prevents the test from running, which proves nothing. */
export interface Outcome {
  readonly bug: PlantedBug;
  readonly result: 'caught' | 'survived' | 'invalid';
  /** The test that has failed, or why there is no result. */
  readonly detail: string;
  readonly seconds: number;
}

/** A test of this list takes seconds. The rest is for a loaded machine. An endless loop counts as caught. */
const BUG_TIMEOUT_MS = 120_000;
const BASELINE_TIMEOUT_MS = 600_000;

/** Throws unless the named tests exist and pass without a bug. */
export async function checkBaseline(folder: string, bugs: readonly PlantedBug[]): Promise<void> {
  const files = [...new Set(bugs.map(({ caughtBy: [file] }) => file))];
  const { passed, failed, aborted, output } = await runTests({ folder, files, timeoutMs: BASELINE_TIMEOUT_MS });
  if (aborted || failed.length > 0)
    throw new UserError(
      `Without a planted bug, the tests do not pass: ${failed.join('; ') || (aborted ?? '')}`,
      `Run \`npm run check\` first.\n${output.trim().split('\n').slice(-10).join('\n')}`,
    );
  const missing = bugs.filter(({ caughtBy: [, title] }) => !passed.some((name) => name.includes(title)));
  if (missing.length > 0)
    throw new UserError(
      `These planted bugs name a test that does not exist: ${missing.map(({ name }) => name).join('; ')}`,
      'Correct the titles in tools/mutate/planted/.',
    );
}

/** Plants each bug alone in a copy of the sources and runs the test that must fail. Each copy has one bug at a time. */
export async function runPlantedBugs(
  { folders }: SourceCopies,
  bugs: readonly PlantedBug[],
  report: (outcome: Outcome) => void,
): Promise<Outcome[]> {
  const waiting = [...bugs];
  const outcomes: Outcome[] = [];
  const work = async (folder: string): Promise<void> => {
    for (let bug = waiting.shift(); bug; bug = waiting.shift()) {
      const outcome = await runPlantedBug(folder, bug);
      outcomes.push(outcome);
      report(outcome);
    }
  };
  await Promise.all(folders.map(work));
  return outcomes;
}

async function runPlantedBug(folder: string, bug: PlantedBug): Promise<Outcome> {
  const path = join(folder, bug.file);
  const original = readFileSync(path, 'utf8');
  const startedAt = performance.now();
  const [file, title] = bug.caughtBy;
  writeFileSync(path, plant(original, bug));
  try {
    const run = await runTests({ folder, files: [file], title, timeoutMs: BUG_TIMEOUT_MS });
    const seconds = (performance.now() - startedAt) / 1000;
    const [failed] = run.failed;
    if (failed !== undefined) return { bug, result: 'caught', detail: failed, seconds };
    if (run.aborted === 'timeout') return { bug, result: 'caught', detail: 'the test does not end', seconds };
    if (run.aborted) return { bug, result: 'invalid', detail: run.output.trim().split('\n')[0] ?? '', seconds };
    if (run.passed.length === 0) return { bug, result: 'invalid', detail: `no test has run in ${file}`, seconds };
    return { bug, result: 'survived', detail: `${run.passed.length} tests of ${file} pass`, seconds };
  } finally {
    writeFileSync(path, original);
  }
}
