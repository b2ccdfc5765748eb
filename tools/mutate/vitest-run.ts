import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** What a run of some tests has found. */
export interface TestRun {
  readonly passed: readonly string[];
  readonly failed: readonly string[];
  /** Why there is no result: the run ended by its timeout, or it could not load the tests. */
  readonly aborted?: 'timeout' | 'not loaded';
  /** What the run has printed. */
  readonly output: string;
}

interface JsonReport {
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
    readonly status: string;
    readonly message: string;
  }[];
}

const running = new Set<ChildProcess>();

/** Ends all runs in progress, with the worker processes that they have started. */
export function endRuns(): void {
  for (const child of running) endGroup(child);
}

function endGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    // The group has ended by itself.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

interface RunOptions {
  readonly folder: string;
  readonly files: readonly string[];
  /** Runs only the tests whose full name contains this text. */
  readonly title?: string;
  readonly timeoutMs: number;
}

/** Runs tests of the source tree in a folder. The first failure ends the run if it is limited to a title. */
export async function runTests({ folder, files, title, timeoutMs }: RunOptions): Promise<TestRun> {
  const report = join(folder, 'test-results.json');
  rmSync(report, { force: true });
  // The folder of a test names its project.
  const projects = [...new Set(files.map((file) => file.split('/')[1] ?? ''))].flatMap((name) => ['--project', name]);
  const selection = title === undefined ? [] : ['--testNamePattern', escapeForRegExp(title), '--bail=1'];
  const args = ['run', ...projects, ...files, ...selection, '--reporter=json', `--outputFile=${report}`];
  const { output, isTimeout } = await runVitest(folder, args, timeoutMs);
  if (isTimeout) return { passed: [], failed: [], aborted: 'timeout', output };
  if (!existsSync(report)) return { passed: [], failed: [], aborted: 'not loaded', output };
  const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as JsonReport;
  const tests = testResults.flatMap(({ assertionResults }) => assertionResults);
  const namesOf = (status: string) => tests.filter((test) => test.status === status).map(({ fullName }) => fullName);
  const broken = testResults.find(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  );
  return {
    passed: namesOf('passed'),
    failed: namesOf('failed'),
    ...(broken ? { aborted: 'not loaded' } : {}),
    output: broken ? broken.message : output,
  };
}

async function runVitest(folder: string, args: readonly string[], timeoutMs: number) {
  // A process group of its own, so that a test in an endless loop ends together with the command.
  const child = spawn(process.execPath, [join('node_modules', 'vitest', 'vitest.mjs'), ...args], {
    cwd: folder,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1' },
  });
  running.add(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      output += chunk;
    });
  let isTimeout = false;
  const timer = setTimeout(() => {
    isTimeout = true;
    endGroup(child);
  }, timeoutMs);
  await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  clearTimeout(timer);
  running.delete(child);
  return { output, isTimeout };
}

const escapeForRegExp = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
