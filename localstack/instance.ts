import { linkSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../tools/user-error.ts';
import { type Identity, identify, isAlive, readJson, remove, writeJson } from './processes.ts';
import type { Settings } from './settings.ts';

/** What a running `npm start` tells others: the CLI, `npm run down`, a second start. */
export type Running = Identity & {
  stage: string;
  /** The gateway. */
  url: string;
  /** The engine. */
  endpoint: string;
  engine: string;
};

export function folderOf(settings: Settings): string {
  return join(settings.dataDir, settings.stage);
}

const recordIn = (folder: string) => join(folder, 'running.json');

/** Makes this process the one that runs the instance; two at once cannot both succeed. */
export async function claimInstance(settings: Settings, endpoint: string): Promise<() => void> {
  const folder = folderOf(settings);
  mkdirSync(folder, { recursive: true });
  const self = await identify(process.pid);
  if (!self) throw new Error('this process has no start time');
  const url = `http://localhost:${settings.port}`;
  const mine: Running = { ...self, stage: settings.stage, url, endpoint, engine: settings.engine };
  const draft = join(folder, `running.${process.pid}.json`);
  writeJson(draft, mine);
  try {
    await take(draft, folder);
  } finally {
    remove(draft);
  }
  return () => remove(recordIn(folder));
}

async function take(draft: string, folder: string): Promise<void> {
  for (;;) {
    try {
      // A link to the finished draft: there is never a record that is only half written.
      linkSync(draft, recordIn(folder));
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const other = await findRunning(folder);
    if (other) {
      throw new UserError(
        `Oncebox runs already: ${other.url} (stage ${other.stage}, pid ${other.pid}).`,
        'Use it, or stop it with `npm run down`; a second one needs its own ONCEBOX_DATA_DIR, ONCEBOX_PORT and ONCEBOX_ENGINE_PORT.',
      );
    }
    remove(recordIn(folder));
  }
}

/** The instance that runs in this folder; a record left by a crash is none, whoever has its process id now. */
export async function findRunning(folder: string): Promise<Running | undefined> {
  const record = readJson<Running>(recordIn(folder));
  return record && (await isAlive(record)) ? record : undefined;
}
