// npm test runs all test projects on a separate engine; a running `npm start` is not affected. The last line counts the
// tests that passed and failed.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nodeBin, prepare } from '../tools/bootstrap.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
await prepare();

const scratch = mkdtempSync(join(tmpdir(), 'oncebox-results-'));
const report = join(scratch, 'results.json');
let status = 1;
try {
  status = await vitest(process.argv.slice(2));
  const { passed, failed } = readCounts();
  if (passed === 0 || failed > 0) status = status || 1;
  // If vitest failed without a failed test, for example in the global setup, that counts as one failure.
  console.log(`${passed} passed, ${status !== 0 && failed === 0 ? 1 : failed} failed`);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
process.exitCode = status;

async function vitest(args) {
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const child = spawn(join('node_modules', '.bin', 'vitest'), ['run', ...reporters, ...args], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    // The engines record the calls that they have checked, for the tests of the permissions.
    env: {
      ...process.env,
      ONCEBOX_CALL_LOG: join(scratch, 'calls.jsonl'),
      PATH: `${nodeBin}:${process.env.PATH ?? ''}`,
    },
  });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  return await new Promise((resolve) => {
    child.once('error', (error) => {
      console.error(`✗ vitest did not start: ${error.message}`);
      resolve(1);
    });
    child.once('close', (code) => resolve(code ?? 1));
  });
}

function readCounts() {
  if (!existsSync(report)) return { passed: 0, failed: 1 };
  const { numPassedTests, numFailedTests, testResults } = JSON.parse(readFileSync(report, 'utf8'));
  // A file that cannot be loaded has no tests to count, so the file counts as one failure.
  const broken = testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0).length;
  return { passed: numPassedTests, failed: numFailedTests + broken };
}
