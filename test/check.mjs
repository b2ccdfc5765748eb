// npm run check: everything that needs no engine, side by side, one line each. Under a minute; the pre-commit hook.
// With --static only what runs no test: CI runs the tests by `npm test`.
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nodeBin, prepare } from '../tools/bootstrap.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
await prepare();

const bin = (name) => join('node_modules', '.bin', name);
const fast = ['unit', 'contracts', 'infra', 'simulation'].flatMap((name) => ['--project', name]);

// The longest first: with two cores, what starts late ends late.
const steps = [
  ...(process.argv.includes('--static') ? [] : [['tests', bin('vitest'), ['run', ...fast, '--reporter=dot']]]),
  ['types', bin('tsc'), ['-p', '.']],
  ['unused', bin('knip'), ['--no-progress']],
  ['format and lint', bin('biome'), ['ci', '--colors=off', '.']],
];

const began = Date.now();
const results = await Promise.all(steps.map(([name, command, args]) => run(name, command, args)));
const failed = results.filter((ok) => !ok).length;
console.log(`${failed === 0 ? '✓' : '✗'} ${results.length - failed} of ${results.length} (${seconds(began)} s)`);
process.exitCode = failed === 0 ? 0 : 1;

async function run(name, command, args) {
  const started = Date.now();
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
  const code = await new Promise((done) => {
    child.once('error', (error) => {
      output += error.message;
      done(127);
    });
    child.once('close', done);
  });
  console.log(`${code === 0 ? '✓' : '✗'} ${name} (${seconds(started)} s)`);
  if (code !== 0) console.log(output.trim().split('\n').slice(-80).join('\n'));
  return code === 0;
}

function seconds(since) {
  return ((Date.now() - since) / 1000).toFixed(1);
}
