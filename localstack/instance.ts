import { linkSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../tools/user-error.ts';
import { identify, isAlive, type ProcessIdentity, readJson, remove, writeJson } from './processes.ts';
import type { Settings } from './settings.ts';

/**
 * The record of a running `npm start`, for the CLI, for `npm run down` and for a second start: `url` is the address of
 * the gateway, `endpoint` the one of the engine.
 */
export type RunningInstance = ProcessIdentity & Record<'stage' | 'url' | 'endpoint' | 'engine', string>;

export function folderOf(settings: Settings): string {
  return join(settings.dataDir, settings.stage);
}

const recordPath = (folder: string) => join(folder, 'running.json');

/** Registers this process as the one that runs the instance. Of two starts at once only one succeeds. */
export async function registerInstance(settings: Settings, endpoint: string): Promise<() => void> {
  const folder = folderOf(settings);
  mkdirSync(folder, { recursive: true });
  const identity = await identify(process.pid);
  if (!identity) throw new Error('this process has no start time');
  const { stage, engine, port } = settings;
  const record: RunningInstance = { ...identity, stage, url: `http://localhost:${port}`, endpoint, engine };
  const draft = join(folder, `running.${process.pid}.json`);
  writeJson(draft, record);
  try {
    await publishRecord(draft, folder);
  } finally {
    remove(draft);
  }
  return () => remove(recordPath(folder));
}

async function publishRecord(draft: string, folder: string): Promise<void> {
  for (;;) {
    try {
      // The record is a link to the complete draft, so it is never half written.
      linkSync(draft, recordPath(folder));
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const running = await findRunning(folder);
    if (running) {
      throw new UserError(
        `Oncebox is already running at ${running.url} (stage ${running.stage}, pid ${running.pid}).`,
        'Use it, or stop it with `npm run down`. A second instance needs its own ONCEBOX_DATA_DIR, ONCEBOX_PORT and ONCEBOX_ENGINE_PORT.',
      );
    }
    remove(recordPath(folder));
  }
}

/**
 * Returns the instance that runs in this folder. A record left by a crash does not count, even if its pid is in use.
 */
export async function findRunning(folder: string): Promise<RunningInstance | undefined> {
  const record = readJson<RunningInstance>(recordPath(folder));
  return record && (await isAlive(record)) ? record : undefined;
}
