// npm test runs all test projects on separate engines; a running `npm start` is not affected. The last line counts the
// tests that passed and failed. With arguments, it is one run of Vitest with these arguments.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nodeBin, prepare } from '../tools/bootstrap.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
await prepare();

const args = process.argv.slice(2);
const projects = (...names) => names.flatMap((name) => ['--project', name]);

const scratch = mkdtempSync(join(tmpdir(), 'oncebox-results-'));
const children = new Set();
let isStopped = false;
for (const signal of ['SIGINT', 'SIGTERM'])
  process.on(signal, () => {
    isStopped = true;
    for (const child of children) child.kill(signal);
  });

try {
  const runs = args.length > 0 ? [await vitest(args)] : await runAll();
  const passed = runs.reduce((sum, run) => sum + run.passed, 0);
  const failed = runs.reduce((sum, run) => sum + run.failed, 0);
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = passed > 0 && failed === 0 ? 0 : 1;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

/**
 * The tests of the shared engine mostly wait, and the others mostly compute, so the two run side by side. The output of
 * the others follows when they have ended. The permissions are compared with the calls of all tests, so they run last.
 */
async function runAll() {
  const shared = vitest(projects('engine'));
  const others = vitest(projects('unit', 'contracts', 'infra', 'simulation', 'tools', 'lifecycle'), { isShown: false });
  const runs = await Promise.all([shared, others]);
  return isStopped ? runs : [...runs, await vitest(projects('permissions'))];
}

/** Runs Vitest once and counts its tests. If it fails without a failed test, that counts as one failure. */
async function vitest(vitestArgs, { isShown = true } = {}) {
  const report = join(
    scratch,
    `results-${vitestArgs
      .join('-')
      .replaceAll(/[^\w-]/g, '_')
      .slice(0, 100)}.json`,
  );
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const child = spawn(join('node_modules', '.bin', 'vitest'), ['run', ...reporters, ...vitestArgs], {
    cwd: root,
    stdio: ['ignore', isShown ? 'inherit' : 'pipe', isShown ? 'inherit' : 'pipe'],
    // The engines record the calls that they have checked, for the tests of the permissions.
    env: {
      ...process.env,
      ONCEBOX_CALL_LOG: join(scratch, 'calls.jsonl'),
      PATH: `${nodeBin}:${process.env.PATH ?? ''}`,
    },
  });
  children.add(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk) => {
      output += chunk;
    });
  const code = await new Promise((resolve) => {
    child.once('error', (error) => {
      console.error(`✗ vitest did not start: ${error.message}`);
      resolve(1);
    });
    child.once('close', (exitCode) => resolve(exitCode ?? 1));
  });
  children.delete(child);
  if (!isShown) process.stdout.write(output);
  const { passed, failed } = readCounts(report);
  return { passed, failed: code !== 0 && failed === 0 ? 1 : failed };
}

function readCounts(report) {
  if (!existsSync(report)) return { passed: 0, failed: 1 };
  const { numPassedTests, numFailedTests, testResults } = JSON.parse(readFileSync(report, 'utf8'));
  // A file that cannot be loaded has no tests to count, so the file counts as one failure.
  const broken = testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0).length;
  return { passed: numPassedTests, failed: numFailedTests + broken };
}
