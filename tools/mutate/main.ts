/**
 * Shows what the tests would not notice:
 *
 *     npm run mutate                                  changes the domain and the kernel by Stryker
 *     npm run mutate -- lambdas/orders/order.ts       changes these files by Stryker
 *     npm run mutate -- --planted ["part of a name"]  plants the bugs of tools/mutate/planted/, or some of them
 *     npm run mutate -- --table                       writes the table of planted bugs into docs/testing.md
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { printError, UserError } from '../user-error.ts';
import { type PlantedBug, plant } from './planted-bug.ts';
import { plantedBugs } from './planted-bugs.ts';
import { checkBaseline, type Outcome, runPlantedBugs } from './run-planted.ts';
import { copySources } from './source-copies.ts';
import { runStryker } from './stryker.ts';
import { outcomeLines, withPlantedTable } from './tables.ts';
import { endRuns } from './vitest-run.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

function parseArguments() {
  const { values, positionals } = parseArgs({
    options: { planted: { type: 'boolean' }, table: { type: 'boolean' }, concurrency: { type: 'string' } },
    allowPositionals: true,
  });
  const concurrency = Number(values.concurrency ?? availableParallelism());
  if (!Number.isInteger(concurrency) || concurrency < 1)
    throw new UserError('The concurrency is not a whole number from 1.', 'npm run mutate -- --planted --concurrency 2');
  return { ...values, positionals, concurrency };
}

function writeTable(): void {
  const file = join(root, 'docs', 'testing.md');
  writeFileSync(file, withPlantedTable(readFileSync(file, 'utf8')));
  console.log(`✓ ${plantedBugs.length} planted bugs are listed in docs/testing.md`);
}

/** Plants the bugs whose name contains one of the texts, or all. Returns the exit code. */
async function plantBugs(texts: readonly string[], concurrency: number): Promise<number> {
  const bugs = plantedBugs.filter(({ name }) => texts.length === 0 || texts.some((text) => name.includes(text)));
  if (bugs.length === 0)
    throw new UserError(`No planted bug has a name with ${texts.join(' or ')}.`, 'The names are in docs/testing.md.');
  for (const bug of bugs) plant(readFileSync(join(root, bug.file), 'utf8'), bug);
  const startedAt = performance.now();
  const copies = copySources(root, Math.min(concurrency, bugs.length));
  const cleanUp = (): void => {
    endRuns();
    copies.delete();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      cleanUp();
      process.exit(1);
    });
  try {
    console.log(`• ${bugs.length} planted bugs, ${copies.folders.length} at a time, in ${copies.folders.join(', ')}`);
    await checkBaseline(copies.folders[0] ?? root, bugs);
    console.log(`✓ The tests pass without a bug (${seconds(startedAt)} s)`);
    const outcomes = await runPlantedBugs(copies, inOrderOfTests(bugs), printOutcome);
    console.log(['', ...outcomeLines(outcomes)].join('\n'));
    const missed = outcomes.filter(({ result }) => result !== 'caught').length;
    console.log(
      `${missed === 0 ? '✓' : '✗'} ${outcomes.length - missed} of ${outcomes.length} caught (${seconds(startedAt)} s)`,
    );
    return missed === 0 ? 0 : 1;
  } finally {
    cleanUp();
  }
}

/** The tests of the infrastructure take longest. If they ran last, one worker would wait for the other. */
const inOrderOfTests = (bugs: readonly PlantedBug[]): PlantedBug[] =>
  bugs.toSorted((a, b) => Number(isSlow(b)) - Number(isSlow(a)));
const isSlow = ({ caughtBy: [file] }: PlantedBug): boolean => file.startsWith('test/infra/');

const seconds = (startedAt: number): string => ((performance.now() - startedAt) / 1000).toFixed(1);

function printOutcome({ bug, result, detail, seconds: duration }: Outcome): void {
  console.log(`${result === 'caught' ? '✓' : '✗'} ${result} (${duration.toFixed(1)} s) ${bug.name} — ${detail}`);
}

try {
  const { planted, table, positionals, concurrency } = parseArguments();
  if (table) writeTable();
  else if (planted) process.exitCode = await plantBugs(positionals, concurrency);
  else process.exitCode = await runStryker(positionals, concurrency);
} catch (error) {
  printError(error);
  process.exitCode = 1;
}
