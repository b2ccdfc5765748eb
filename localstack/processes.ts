import { execFile } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { until } from '../tools/progress.ts';

const run = promisify(execFile);

/** A process that cannot be mistaken for another which got its id later. */
export type Identity = { pid: number; started: string };

/** When a process started, in the system's own words; undefined where it is gone. A zombie is gone. */
async function startTime(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  if (stat !== undefined) {
    // The name in parentheses may hold spaces; after it come state (3rd field) … start time (22nd).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  }
  if (process.platform === 'linux') return undefined;
  const answer = await run('ps', ['-o', 'lstart=', '-p', String(pid)]).catch(() => ({ stdout: '' }));
  return answer.stdout.trim() || undefined;
}

export async function identify(pid: number): Promise<Identity | undefined> {
  const started = await startTime(pid);
  return started === undefined ? undefined : { pid, started };
}

export async function isAlive(identity: Identity): Promise<boolean> {
  return (await startTime(identity.pid)) === identity.started;
}

/** Asks a process to end, waits, and ends it by force when it does not. */
export async function stop(identity: Identity, graceMs: number): Promise<void> {
  if (!(await isAlive(identity))) return;
  signal(identity.pid, 'SIGTERM');
  const gone = async () => ((await isAlive(identity)) ? undefined : true);
  const late = () => new Error(`process ${identity.pid} does not end`);
  await until(gone, { timeoutMs: graceMs, everyMs: 50, late }).catch(async () => {
    signal(identity.pid, 'SIGKILL');
    await until(gone, { timeoutMs: 5_000, everyMs: 50, late });
  });
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    // It ended between the look and the signal.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/**
 * Ends what an engine that was killed left behind: function workers, known by their script in the instance's own
 * temporary folder, which no other process runs.
 */
export async function endOrphans(folder: string): Promise<number> {
  const prefix = `${folder}/ministack-lambda-`;
  const orphans = (await allCommands()).filter(
    ({ args }) => args[1]?.startsWith(prefix) && /_worker\.\w+$/.test(args[1]),
  );
  for (const { pid } of orphans) signal(pid, 'SIGKILL');
  return orphans.length;
}

async function allCommands(): Promise<{ pid: number; args: string[] }[]> {
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
      // It may have ended meanwhile.
      const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      return { pid: Number(pid), args: command.split('\0') };
    }),
  );
}

export function writeJson(path: string, value: unknown): void {
  writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`);
}

/** A small file of our own; undefined where it is missing or was cut off by a crash. */
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
