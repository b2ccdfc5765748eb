import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, openSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { until } from '../tools/progress.ts';
import { UserError } from '../tools/user-error.ts';
import { assertFree, freePort } from './ports.ts';
import { endOrphans, type Identity, identify, isAlive, readJson, remove, stop, writeJson } from './processes.ts';
import { type EnginePython, enginePython } from './python.ts';
import { engineEnv, root } from './settings.ts';

export type EngineOptions = {
  /** Names the instance's folder; two instances of one name cannot run at once. */
  name: string;
  port?: number;
  stage: string;
  dataDir?: string;
  python?: string;
  /** Keep state from an earlier run and for a later one; without it the engine begins and ends with nothing. */
  keep?: boolean;
};

export type Engine = {
  endpoint: string;
  stage: string;
  folder: string;
  pid: number;
  /** When the state was saved that this start read; undefined where it began with nothing. */
  stateFrom: Date | undefined;
  /** What AWS clients and the CDK need to speak to this engine. */
  env: Record<string, string>;
  /** Settles when the engine ends, wanted or not. */
  ended: Promise<void>;
  /** Saves nothing in the middle of this work, and nothing of it when it fails: the next start finds what was before. */
  atomically<T>(work: () => Promise<T>): Promise<T>;
  stop(): Promise<void>;
  kill9(): Promise<void>;
  restart(): Promise<Engine>;
};

const HEALTHY_WITHIN_MS = 60_000;
// An orderly stop writes all state; with a full laptop's worth of it that takes seconds.
const STOP_WITHIN_MS = 30_000;

/** Starts the embedded engine at its own port, with its own state, and resolves when it answers. */
export async function startEngine(options: EngineOptions): Promise<Engine> {
  return await open(options, !options.keep);
}

async function open(options: EngineOptions, fromNothing: boolean): Promise<Engine> {
  const home = options.dataDir ?? join(root, '.oncebox');
  const folder = join(home, options.name);
  const pidFile = join(folder, 'engine.json');
  await endLeftovers(folder, pidFile);
  if (fromNothing) remove(folder);
  for (const part of ['state', 's3', 'tmp']) mkdirSync(join(folder, part), { recursive: true });
  // The engine's own worker script is CommonJS; under this project's package.json Node would take it for a module.
  writeJson(join(folder, 'tmp', 'package.json'), { type: 'commonjs' });
  const python = await enginePython(home, options.python);
  const port = options.port ?? (await freePort());
  if (options.port) await assertFree(port, 'ONCEBOX_ENGINE_PORT');

  const endpoint = `http://127.0.0.1:${port}`;
  const stateFrom = await savedAt(folder);
  const child = launch(python, folder, port);
  const ended = new Promise<void>((done) => child.once('exit', () => done()));
  await answering(child, endpoint, folder);
  const identity = await identify(child.pid ?? 0);
  if (!identity)
    throw new UserError('The engine ended right after its start.', `Its log: ${join(folder, 'engine.log')}`);
  writeJson(pidFile, identity);

  const afterwards = () => {
    remove(pidFile);
    if (!options.keep) remove(folder);
  };
  return {
    endpoint,
    stage: options.stage,
    folder,
    pid: identity.pid,
    stateFrom,
    env: { ...engineEnv(endpoint), ONCEBOX_STAGE: options.stage },
    ended,
    async atomically(work) {
      const hold = join(folder, 'state', 'hold');
      writeFileSync(hold, '');
      const result = await work();
      remove(hold);
      return result;
    },
    async stop() {
      await stop(identity, STOP_WITHIN_MS);
      await endOrphans(join(folder, 'tmp'));
      afterwards();
    },
    async kill9() {
      child.kill('SIGKILL');
      await ended;
    },
    async restart() {
      await stop(identity, STOP_WITHIN_MS);
      return await open({ ...options, port }, false);
    },
  };
}

/** A folder for an engine that a test throws away. */
export function scratchDir(): string {
  return join(tmpdir(), 'oncebox');
}

async function endLeftovers(folder: string, pidFile: string): Promise<void> {
  // An engine whose parent was killed stops by itself; it may just be at it.
  const before = readJson<Identity>(pidFile);
  if (before && (await isAlive(before))) await stop(before, STOP_WITHIN_MS);
  await endOrphans(join(folder, 'tmp'));
  remove(join(folder, 'tmp'));
}

async function savedAt(folder: string): Promise<Date | undefined> {
  const text = await readFile(join(folder, 'state', 'current', 'saved-at'), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : new Date(Number(text) * 1000);
}

function launch(python: EnginePython, folder: string, port: number): ChildProcess {
  const log = openSync(join(folder, 'engine.log'), 'w');
  return spawn(python.command, ['-u', join(import.meta.dirname, 'engine.py')], {
    cwd: folder,
    // Standard input stays open as long as this process lives: the engine stops when it closes.
    stdio: ['pipe', log, log],
    // A process group of its own, so that Ctrl-C reaches it through us alone, in order.
    detached: true,
    env: environment(python, folder, port),
  });
}

/** All that functions inherit: nothing of the person's own environment, which the engine would hand on to them. */
function environment(python: EnginePython, folder: string, port: number): Record<string, string> {
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
    IOT_MTLS_ENABLED: '0',
    SFTP_ENABLED: '0',
    // The engine looks for a Docker daemon otherwise, and sweeps containers there.
    DOCKER_HOST: 'unix:///nonexistent',
    PERSIST_STATE: '1',
    STATE_DIR: join(folder, 'state'),
    S3_PERSIST: '1',
    S3_DATA_DIR: join(folder, 's3'),
    LOG_LEVEL: 'WARNING',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_REGION: 'us-east-1',
    // macOS ends children that were forked beside threads, unless told that they touch none of its frameworks.
    OBJC_DISABLE_INITIALIZE_FORK_SAFETY: 'YES',
  };
}

async function answering(child: ChildProcess, endpoint: string, folder: string): Promise<void> {
  const log = join(folder, 'engine.log');
  const late = () => new UserError('The engine does not answer.', `Its log: ${log}`);
  await until(
    async () => {
      if (child.exitCode !== null || child.signalCode !== null) {
        const lines = (await readFile(log, 'utf8')).trim().split('\n').slice(-2).join(' | ');
        throw new UserError(`The engine ended at its start: ${lines}`, `Its log: ${log}`);
      }
      return (await isHealthy(endpoint)) || undefined;
    },
    { timeoutMs: HEALTHY_WITHIN_MS, everyMs: 100, late },
  );
}

/** Whether an engine answers at this address. */
export async function isHealthy(endpoint: string): Promise<boolean> {
  for (const path of ['/_localstack/health', '/_ministack/health']) {
    // Refused while it starts: asked again by the caller.
    const answer = await fetch(`${endpoint}${path}`, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer?.ok) return true;
  }
  return false;
}
