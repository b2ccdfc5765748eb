import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, openSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { step, until } from '../tools/progress.ts';
import { UserError } from '../tools/user-error.ts';
import { assertFree, freePort } from './ports.ts';
import {
  identify,
  isAlive,
  killOrphanWorkers,
  type ProcessIdentity,
  readJson,
  remove,
  stop,
  writeJson,
} from './processes.ts';
import { type EnginePython, preparePython } from './python.ts';
import { root } from './settings.ts';

export type EngineOptions = {
  /** The name of the instance's folder. Two instances with the same name cannot run at once. */
  name: string;
  /** A free port if absent. */
  port?: number;
  dataDir?: string;
  python?: string | undefined;
  /** Whether each function may call only what its role allows. */
  enforcesIam?: boolean;
  /** The file to which the engine appends each different call that it has checked. By default ONCEBOX_CALL_LOG. */
  callLog?: string | undefined;
  /**
   * Keeps the state of an earlier run and for a later run. Otherwise the engine starts empty and its folder is removed.
   */
  keep?: boolean;
};

export type Engine = {
  endpoint: string;
  /**
   * The time of the saved state that this start has read. Undefined if there was none, or if another engine keeps it.
   */
  stateSavedAt: Date | undefined;
  /** Resolves when the engine exits, for whatever reason. Never resolves for an engine that was not started here. */
  exited: Promise<void>;
  /**
   * Runs work during which no state is saved. If the work fails, saving stays off: the next start finds the state
   * before.
   */
  atomically<T>(work: () => Promise<T>): Promise<T>;
  stop(): Promise<void>;
};

export type EmbeddedEngine = Engine & { folder: string; pid: number };

const START_TIMEOUT_MS = 60_000;
// An orderly stop writes all state, which takes seconds if there is much of it.
const STOP_TIMEOUT_MS = 30_000;

export async function startEngine(options: EngineOptions): Promise<EmbeddedEngine> {
  const dataDir = options.dataDir ?? join(root, '.oncebox');
  const folder = join(dataDir, options.name);
  const pidFile = join(folder, 'engine.json');
  await stopPrevious(folder, pidFile);
  if (!options.keep) remove(folder);
  createFolders(folder);
  const python = await preparePython(dataDir, options.python);
  const port = options.port ?? (await freePort());
  if (options.port) await assertFree(port, 'ONCEBOX_ENGINE_PORT');

  const endpoint = `http://127.0.0.1:${port}`;
  const stateSavedAt = await readSavedAt(folder);
  const { enforcesIam = false, callLog = process.env['ONCEBOX_CALL_LOG'] } = options;
  const env = engineProcessEnv({ python, folder, port, enforcesIam, callLog });
  const child = spawnEngine(folder, env, python.command);
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await step('Start the embedded engine', () => waitUntilHealthy(child, endpoint, folder));
  const identity = await identify(child.pid ?? 0);
  if (!identity)
    throw new UserError('The engine exited right after its start.', `See its log: ${join(folder, 'engine.log')}`);
  writeJson(pidFile, identity);
  return {
    endpoint,
    folder,
    pid: identity.pid,
    stateSavedAt,
    exited,
    async atomically(work) {
      const pauseFile = join(folder, 'state', 'saving-paused');
      writeFileSync(pauseFile, '');
      const result = await work();
      remove(pauseFile);
      return result;
    },
    async stop() {
      await stop(identity, STOP_TIMEOUT_MS);
      await killOrphanWorkers(join(folder, 'tmp'));
      remove(options.keep ? pidFile : folder);
    },
  };
}

/** Returns a folder for engines whose data is thrown away, as in tests. */
export function scratchDir(): string {
  return join(tmpdir(), 'oncebox');
}

async function stopPrevious(folder: string, pidFile: string): Promise<void> {
  // An engine whose parent was killed stops without help, but may not be done yet.
  const previous = readJson<ProcessIdentity>(pidFile);
  if (previous && (await isAlive(previous))) await stop(previous, STOP_TIMEOUT_MS);
  await killOrphanWorkers(join(folder, 'tmp'));
  remove(join(folder, 'tmp'));
}

function createFolders(folder: string): void {
  for (const name of ['state', 's3', 'tmp']) mkdirSync(join(folder, name), { recursive: true });
  // The engine's worker script is CommonJS. Under the package.json of this project Node would read it as a module.
  writeJson(join(folder, 'tmp', 'package.json'), { type: 'commonjs' });
}

async function readSavedAt(folder: string): Promise<Date | undefined> {
  const text = await readFile(join(folder, 'state', 'current', 'saved-at'), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : new Date(Number(text) * 1000);
}

function spawnEngine(folder: string, env: Record<string, string>, command: string): ChildProcess {
  const log = openSync(join(folder, 'engine.log'), 'w');
  return spawn(command, ['-u', join(import.meta.dirname, 'engine.py')], {
    cwd: folder,
    // Standard input stays open as long as this process lives. The engine stops when it closes.
    stdio: ['pipe', log, log],
    // Its own process group: Ctrl-C in the terminal reaches only this process, which stops everything in order.
    detached: true,
    env,
  });
}

type EngineProcess = {
  python: EnginePython;
  folder: string;
  port: number;
  enforcesIam: boolean;
  callLog: string | undefined;
};

/**
 * Returns the whole environment of the engine. It contains nothing of the user's own environment, because the engine
 * passes its environment on to the functions.
 */
function engineProcessEnv({ python, folder, port, enforcesIam, callLog }: EngineProcess): Record<string, string> {
  return {
    PATH: [dirname(process.execPath), '/usr/local/bin', '/usr/bin', '/bin'].join(delimiter),
    HOME: folder,
    LANG: 'C.UTF-8',
    TMPDIR: join(folder, 'tmp'),
    ...(python.pythonPath ? { PYTHONPATH: python.pythonPath } : {}),
    PYTHONDONTWRITEBYTECODE: '1',
    BIND_HOST: '127.0.0.1',
    MINISTACK_HOST: '127.0.0.1',
    GATEWAY_PORT: String(port),
    LAMBDA_EXECUTOR: 'local',
    AUTH: String(enforcesIam),
    ...(callLog ? { ONCEBOX_CALL_LOG: callLog } : {}),
    IOT_MTLS_ENABLED: '0',
    SFTP_ENABLED: '0',
    // Otherwise the engine looks for a Docker daemon and removes containers there.
    DOCKER_HOST: 'unix:///nonexistent',
    PERSIST_STATE: '1',
    STATE_DIR: join(folder, 'state'),
    S3_PERSIST: '1',
    S3_DATA_DIR: join(folder, 's3'),
    LOG_LEVEL: 'WARNING',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_REGION: 'us-east-1',
    // macOS kills forked children of a process with threads, unless this says that they use none of its frameworks.
    OBJC_DISABLE_INITIALIZE_FORK_SAFETY: 'YES',
  };
}

async function waitUntilHealthy(child: ChildProcess, endpoint: string, folder: string): Promise<void> {
  const log = join(folder, 'engine.log');
  const timeoutError = () => new UserError('The engine does not respond.', `See its log: ${log}`);
  await until(
    async () => {
      if (child.exitCode !== null || child.signalCode !== null) {
        const lines = (await readFile(log, 'utf8')).trim().split('\n').slice(-2).join(' | ');
        throw new UserError(`The engine exited at its start: ${lines}`, `See its log: ${log}`);
      }
      return (await isHealthy(endpoint)) || undefined;
    },
    { timeoutMs: START_TIMEOUT_MS, intervalMs: 100, timeoutError },
  );
}

export async function isHealthy(endpoint: string): Promise<boolean> {
  for (const path of ['/_localstack/health', '/_ministack/health']) {
    // The connection is refused while the engine starts. The caller repeats the check.
    const response = await fetch(`${endpoint}${path}`, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined);
    await response?.body?.cancel();
    if (response?.ok) return true;
  }
  return false;
}
