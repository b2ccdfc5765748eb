import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { until } from '../tools/progress.ts';

const run = promisify(execFile);

/** A process that was killed ends as soon as the system has freed its memory. */
const KILL_TIMEOUT_MS = 5_000;

/** A process id with its start time, so that a later process with the same id is not taken for it. */
export type ProcessIdentity = { pid: number; started: string };

/** The exit code of a process, and what it wrote to stdout and stderr. */
export type ProcessResult = { code: number; output: string };

/** Waits for the end of a child. Rejects with the child's error, for example if it cannot be started. */
export async function readOutput(child: ChildProcess): Promise<ProcessResult> {
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      output += chunk;
    });
  }
  return await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? 1, output }));
  });
}

/** Runs a command that may not be installed. If it cannot be started, the code is 127, as in a shell. */
export async function runCommand(command: string, args: readonly string[], env = process.env): Promise<ProcessResult> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
  return await readOutput(child).catch((error: Error) => {
    if (child.pid !== undefined) throw error;
    return { code: 127, output: error.message };
  });
}

/** Returns the start time as the system writes it, or undefined if the process has ended. A zombie has ended. */
async function startTime(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  if (stat !== undefined) {
    // The name in parentheses may contain spaces. After it come the state (3rd field) … and the start time (22nd).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  }
  if (process.platform === 'linux') return undefined;
  const { stdout } = await run('ps', ['-o', 'lstart=', '-p', String(pid)]).catch(() => ({ stdout: '' }));
  return stdout.trim() || undefined;
}

export async function identify(pid: number): Promise<ProcessIdentity | undefined> {
  const started = await startTime(pid);
  return started === undefined ? undefined : { pid, started };
}

export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  return (await startTime(identity.pid)) === identity.started;
}

/** Sends SIGTERM and waits for the process to end. Sends SIGKILL after the timeout. */
export async function stop(identity: ProcessIdentity, timeoutMs: number): Promise<void> {
  if (!(await isAlive(identity))) return;
  await endBy('SIGTERM', identity, timeoutMs).catch(() => endBy('SIGKILL', identity, KILL_TIMEOUT_MS));
}

/** Sends a signal and waits for the process to end. */
async function endBy(signal: NodeJS.Signals, identity: ProcessIdentity, timeoutMs: number): Promise<void> {
  sendSignal(identity.pid, signal);
  await until(async () => ((await isAlive(identity)) ? undefined : true), {
    timeoutMs,
    intervalMs: 20,
    timeoutError: () => new Error(`process ${identity.pid} does not end`),
  });
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // The process has ended since it was checked.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/**
 * Kills the function workers of an engine that was itself killed. They are recognized by their script in the temporary
 * folder of the instance, which no other process runs. When this returns, none of them writes to the folder any more.
 */
export async function killOrphanWorkers(folder: string): Promise<void> {
  const prefix = `${folder}/ministack-lambda-`;
  const workers = (await listProcesses()).filter(
    ({ args }) => args[1]?.startsWith(prefix) && /_worker\.\w+$/.test(args[1]),
  );
  const identities = await Promise.all(workers.map(({ pid }) => identify(pid)));
  await Promise.all(identities.map((identity) => identity && endBy('SIGKILL', identity, KILL_TIMEOUT_MS)));
}

async function listProcesses(): Promise<{ pid: number; args: string[] }[]> {
  if (process.platform !== 'linux') {
    const { stdout } = await run('ps', ['-axo', 'pid=,command=']);
    return stdout.split('\n').map((line) => {
      const [pid, ...args] = line.trim().split(/\s+/);
      return { pid: Number(pid), args };
    });
  }
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  return await Promise.all(
    pids.map(async (pid) => {
      // A process may have ended meanwhile; then its command is empty.
      const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      return { pid: Number(pid), args: command.split('\0') };
    }),
  );
}

export function writeJson(path: string, value: unknown): void {
  writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`);
}

/** Reads a JSON file that this project wrote. Returns undefined if it is missing or was cut off by a crash. */
export function readJson<T>(path: string): T | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as T;
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

export function remove(path: string): void {
  rmSync(path, { force: true, recursive: true });
}
