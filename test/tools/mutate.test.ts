import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { PlantedBug } from '../../tools/mutate/planted-bug.ts';
import { checkBaseline, runPlantedBugs } from '../../tools/mutate/run-planted.ts';
import { copySources, type SourceCopies } from '../../tools/mutate/source-copies.ts';
import { outcomeLines } from '../../tools/mutate/tables.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

test('npm run mutate -- --planted catches a bug and changes nothing in the source tree', async () => {
  const before = readFileSync(join(root, 'lambdas/payments/ledger.ts'), 'utf8');
  const { stdout } = await run(process.execPath, ['tools/mutate/main.ts', '--planted', 'refund entry under'], {
    cwd: root,
  });
  expect(stdout).toContain('refund posts the reversal of a payment, with an id of its own');
  expect(stdout).toContain('✓ 1 of 1 caught');
  expect(readFileSync(join(root, 'lambdas/payments/ledger.ts'), 'utf8')).toBe(before);
});

test('npm run mutate -- --planted rejects a name that no bug has', async () => {
  const command = run(process.execPath, ['tools/mutate/main.ts', '--planted', 'no such bug'], { cwd: root });
  await expect(command).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining('No planted bug has a name'),
  });
});

describe('a run of planted bugs', () => {
  const bug: PlantedBug = {
    name: 'comment',
    file: 'lambdas/payments/ledger.ts',
    find: 'const version = account.version + 1;',
    replace: 'const version = 1 + account.version;',
    consequence: 'none',
    caughtBy: ['test/unit/payments/ledger.test.ts', 'adds the amount to the balance and increments the version'],
  };
  let copies: SourceCopies;
  beforeEach(() => {
    copies = copySources(root, 1);
  });
  afterEach(() => copies.delete());

  test('tells apart bugs that are caught, that survive, and that prevent their test from running', async () => {
    const bugs = [
      bug,
      { ...bug, replace: 'const version = account.version;' },
      { ...bug, replace: 'const version = ;' },
    ];
    const outcomes = await runPlantedBugs(copies, bugs, () => undefined);
    expect(outcomes.map(({ result }) => result)).toEqual(['survived', 'caught', 'invalid']);
    expect(outcomeLines(outcomes).at(-2)).toContain('✗ survived: comment (lambdas/payments/ledger.ts)');
    // Each bug is removed before the next one is planted.
    expect(readFileSync(join(copies.folders[0] ?? '', bug.file), 'utf8')).toContain(bug.find);
  });

  test('does not start if a named test does not exist', async () => {
    const baseline = checkBaseline(copies.folders[0] ?? '', [{ ...bug, caughtBy: [bug.caughtBy[0], 'no such title'] }]);
    await expect(baseline).rejects.toThrow('These planted bugs name a test that does not exist: comment');
  });
});
