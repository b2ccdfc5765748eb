// npm test: every layer, on an engine of its own beside a running `npm start`. The last line is the count.
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
  const { passed, failed } = count();
  if (passed === 0 || failed > 0) status = status || 1;
  // A suite that could not even be loaded, or a set-up that failed, has no test to count: it counts as one.
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
    env: { ...process.env, PATH: `${nodeBin}:${process.env.PATH ?? ''}` },
  });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  return await new Promise((done) => {
    child.once('error', (error) => {
      console.error(`✗ vitest did not start: ${error.message}`);
      done(1);
    });
    child.once('close', (code) => done(code ?? 1));
  });
}

function count() {
  if (!existsSync(report)) return { passed: 0, failed: 1 };
  const { numPassedTests, numFailedTests, testResults } = JSON.parse(readFileSync(report, 'utf8'));
  const broken = testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0).length;
  return { passed: numPassedTests, failed: numFailedTests + broken };
}
