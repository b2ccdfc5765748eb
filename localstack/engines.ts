import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { step, until } from '../tools/progress.ts';
import { UserError } from '../tools/user-error.ts';
import { isHealthy, startEngine } from './engine.ts';
import { folderOf } from './instance.ts';
import { NoPython } from './python.ts';
import type { Settings } from './settings.ts';

/** An engine to deploy to, whichever it is. */
export type AnyEngine = {
  endpoint: string;
  /** When the state was saved that it started from; undefined where it keeps its own or began with nothing. */
  stateFrom: Date | undefined;
  /** Settles when it ends by itself; never for an engine that is not ours. */
  ended: Promise<void>;
  atomically<T>(work: () => Promise<T>): Promise<T>;
  stop(): Promise<void>;
};

const never = new Promise<void>(() => {});

export function endpointOf(settings: Settings): string {
  return settings.endpoint ?? `http://127.0.0.1:${settings.enginePort}`;
}

/** Starts the engine that the settings name, or finds the one that they point to. */
export async function startOrFindEngine(settings: Settings): Promise<AnyEngine> {
  if (settings.endpoint) return await useRunning(settings.endpoint);
  if (settings.engine === 'localstack') return await startLocalStack(settings);
  return await startEmbedded(settings).catch(async (error: unknown) => {
    // Without Python the container does it, where there is one; without either, what is missing for the default is said.
    if (!(error instanceof NoPython) || !(await hasDocker())) throw error;
    console.log(`  … ${error.message} Docker is here: LocalStack instead.`);
    return await startLocalStack(settings);
  });
}

async function startEmbedded(settings: Settings): Promise<AnyEngine> {
  return await step('starting the embedded engine', () =>
    startEngine({
      name: settings.stage,
      stage: settings.stage,
      port: settings.enginePort,
      dataDir: settings.dataDir,
      keep: true,
      ...(settings.python ? { python: settings.python } : {}),
    }),
  );
}

async function useRunning(endpoint: string): Promise<AnyEngine> {
  if (!(await isHealthy(endpoint))) {
    throw new UserError(
      `No engine answers at AWS_ENDPOINT_URL=${endpoint}.`,
      'Start it, or unset AWS_ENDPOINT_URL to use the embedded one.',
    );
  }
  return { endpoint, stateFrom: undefined, ended: never, atomically: (work) => work(), stop: async () => {} };
}

const compose = join(import.meta.dirname, 'docker-compose.yml');

async function startLocalStack(settings: Settings): Promise<AnyEngine> {
  await assertDocker();
  const endpoint = endpointOf(settings);
  const args = ['compose', '-p', `oncebox-${settings.stage}`, '-f', compose];
  const env = { ...process.env, ONCEBOX_ENGINE_PORT: String(settings.enginePort) };
  mkdirSync(folderOf(settings), { recursive: true });
  await step('starting LocalStack in Docker (the first time its image is fetched)', async () => {
    const up = await docker([...args, 'up', '--detach'], env);
    if (up.code !== 0)
      throw new UserError(
        `Docker did not start LocalStack: ${lastLine(up.output)}`,
        `See: docker ${args.join(' ')} logs`,
      );
    const late = () => new UserError('LocalStack does not answer.', `See: docker ${args.join(' ')} logs`);
    await until(async () => (await isHealthy(endpoint)) || undefined, { timeoutMs: 120_000, everyMs: 500, late });
  });
  return {
    endpoint,
    stateFrom: undefined,
    ended: never,
    atomically: (work) => work(),
    async stop() {
      const down = await docker([...args, 'down', '--remove-orphans'], env);
      if (down.code !== 0)
        throw new UserError(
          `Docker did not stop LocalStack: ${lastLine(down.output)}`,
          `Try: docker ${args.join(' ')} down`,
        );
    },
  };
}

async function assertDocker(): Promise<void> {
  const daemon = await docker(['version', '--format', '{{.Server.Version}}'], process.env);
  const without = 'Start without --engine localstack: the embedded engine needs no Docker.';
  if (daemon.code === 127) throw new UserError('Docker is not installed.', without);
  if (daemon.code !== 0)
    throw new UserError(
      'The Docker daemon does not answer.',
      `Start it; or leave out --engine localstack, since the embedded engine needs no Docker.`,
    );
  const plugin = await docker(['compose', 'version'], process.env);
  if (plugin.code !== 0)
    throw new UserError('Docker has no `compose` command.', `Install its plugin; or leave out --engine localstack.`);
}

async function hasDocker(): Promise<boolean> {
  const answers = [await docker(['version'], process.env), await docker(['compose', 'version'], process.env)];
  return answers.every(({ code }) => code === 0);
}

async function docker(args: string[], env: NodeJS.ProcessEnv): Promise<{ code: number; output: string }> {
  return await new Promise((done) => {
    const child = spawn('docker', args, { stdio: ['ignore', 'pipe', 'pipe'], env });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        output += chunk;
      });
    }
    child.once('error', () => done({ code: 127, output }));
    child.once('close', (code) => done({ code: code ?? 1, output }));
  });
}

function lastLine(output: string): string {
  return output.trim().split('\n').at(-1) ?? 'it said nothing';
}
