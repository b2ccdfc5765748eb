import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Mutates files by Stryker: these, or the ones that its configuration lists. Returns the exit code. */
export async function runStryker(files: readonly string[], concurrency: number): Promise<number> {
  const args = ['run', 'tools/mutate/stryker.config.mjs', '--concurrency', String(concurrency)];
  const child = spawn(
    process.execPath,
    [
      join('node_modules', '@stryker-mutator', 'core', 'bin', 'stryker.js'),
      ...args,
      ...(files.length > 0 ? ['--mutate', files.join(',')] : []),
    ],
    { cwd: root, stdio: 'inherit' },
  );
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}
