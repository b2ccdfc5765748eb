// npm run check runs types, unused code, format and lint, and the tests in unit, contracts, infra and simulation in parallel, in under a minute, and prints one line for each step.
// The pre-commit hook runs it. --static leaves out the tests, because CI runs them with `npm test`.
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nodeBin, prepare } from '../tools/bootstrap.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
await prepare();

const bin = (name) => join('node_modules', '.bin', name);
const projects = ['unit', 'contracts', 'infra', 'simulation'].flatMap((name) => ['--project', name]);

// The slowest step is first, because on two cores a step that starts late also ends late.
const steps = [
  ...(process.argv.includes('--static') ? [] : [['tests', bin('vitest'), ['run', ...projects, '--reporter=dot']]]),
  ['types', bin('tsc'), ['-p', '.']],
  ['unused code', bin('knip'), ['--no-progress']],
  ['format and lint', bin('biome'), ['ci', '--colors=off', '.']],
];

const startedAt = Date.now();
const results = await Promise.all(steps.map(([name, command, args]) => run(name, command, args)));
const failed = results.filter((isOk) => !isOk).length;
const total = `${results.length - failed} of ${results.length} steps passed`;
console.log(`${failed === 0 ? '✓' : '✗'} ${total} (${elapsed(startedAt)} s)`);
process.exitCode = failed === 0 ? 0 : 1;

async function run(name, command, args) {
  const stepStartedAt = Date.now();
  const child = spawn(command, args, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PATH: `${nodeBin}:${process.env.PATH ?? ''}`, NO_COLOR: '1' },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk;
    });
  }
  const code = await new Promise((resolve) => {
    child.once('error', (error) => {
      output += error.message;
      resolve(127);
    });
    child.once('close', resolve);
  });
  console.log(`${code === 0 ? '✓' : '✗'} ${name} (${elapsed(stepStartedAt)} s)`);
  if (code !== 0) console.log(output.trim().split('\n').slice(-80).join('\n'));
  return code === 0;
}

function elapsed(sinceMs) {
  return ((Date.now() - sinceMs) / 1000).toFixed(1);
}
