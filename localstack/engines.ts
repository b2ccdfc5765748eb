import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { step, until } from '../tools/progress.ts';
import { UserError } from '../tools/user-error.ts';
import { type Engine, isHealthy, startEngine } from './engine.ts';
import { folderOf } from './instance.ts';
import { runCommand } from './processes.ts';
import { PythonUnavailable } from './python.ts';
import type { Settings } from './settings.ts';

const compose = join(import.meta.dirname, 'docker-compose.yml');

/** For engines that store their own state, or that were not started here. */
const unmanaged = {
  stateSavedAt: undefined,
  exited: new Promise<void>(() => {}),
  atomically: <T>(work: () => Promise<T>) => work(),
};

export function endpointOf(settings: Settings): string {
  return settings.endpoint ?? `http://127.0.0.1:${settings.enginePort}`;
}

/** Starts the engine that the settings choose, or uses the running engine that they point to. */
export async function startOrFindEngine(settings: Settings): Promise<Engine> {
  if (settings.endpoint) return await useRunning(settings.endpoint);
  if (settings.engine === 'localstack') return await startLocalStack(settings);
  const { stage: name, enginePort: port, dataDir, python, enforcesIam } = settings;
  try {
    return await startEngine({ name, port, dataDir, python, enforcesIam, keep: true });
  } catch (error) {
    if (!(error instanceof PythonUnavailable)) throw error;
    // Without Python, LocalStack is used if Docker is available. Otherwise the error says what the embedded engine
    // needs.
    await assertDocker().catch(() => {
      throw error;
    });
    console.log(`  … ${error.message} Docker is available: LocalStack is used instead.`);
    return await startLocalStack(settings);
  }
}

async function useRunning(endpoint: string): Promise<Engine> {
  if (!(await isHealthy(endpoint))) {
    throw new UserError(
      `No engine responds at AWS_ENDPOINT_URL=${endpoint}.`,
      'Start it, or unset AWS_ENDPOINT_URL to use the embedded engine.',
    );
  }
  return { ...unmanaged, endpoint, stop: async () => {} };
}

async function startLocalStack(settings: Settings): Promise<Engine> {
  await assertDocker();
  const endpoint = endpointOf(settings);
  const args = ['compose', '-p', `oncebox-${settings.stage}`, '-f', compose];
  const env = { ...process.env, ONCEBOX_ENGINE_PORT: String(settings.enginePort) };
  mkdirSync(folderOf(settings), { recursive: true });
  await step('Start LocalStack in Docker (the first start downloads its image)', async () => {
    const remedy = `See its log: docker ${args.join(' ')} logs`;
    const up = await docker([...args, 'up', '--detach'], env);
    if (up.code !== 0) throw new UserError(`Docker did not start LocalStack: ${lastLine(up.output)}`, remedy);
    const timeoutError = () => new UserError('LocalStack does not respond.', remedy);
    const limits = { timeoutMs: 120_000, intervalMs: 500, timeoutError };
    await until(async () => (await isHealthy(endpoint)) || undefined, limits);
  });
  return {
    ...unmanaged,
    endpoint,
    async stop() {
      // The image declares a volume, and Docker would keep one more after each start.
      const down = await docker([...args, 'down', '--remove-orphans', '--volumes'], env);
      if (down.code !== 0)
        throw new UserError(
          `Docker did not stop LocalStack: ${lastLine(down.output)}`,
          `Try: docker ${args.join(' ')} down`,
        );
    },
  };
}

async function assertDocker(): Promise<void> {
  const alternative = 'or omit --engine localstack: the embedded engine needs no Docker.';
  const daemon = await docker(['version', '--format', '{{.Server.Version}}']);
  if (daemon.code === 127) throw new UserError('Docker is not installed.', `Install it; ${alternative}`);
  if (daemon.code !== 0) throw new UserError('The Docker daemon does not respond.', `Start it; ${alternative}`);
  const plugin = await docker(['compose', 'version']);
  if (plugin.code !== 0) throw new UserError('Docker has no `compose` command.', `Install the plugin; ${alternative}`);
}

const docker = (args: readonly string[], env = process.env) => runCommand('docker', args, env);

function lastLine(output: string): string {
  return output.trim().split('\n').at(-1) || 'no output';
}
