import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { printError } from '../tools/user-error.ts';
import { findRunning, folderOf } from './instance.ts';
import { killOrphanWorkers, type ProcessIdentity, readJson, remove, stop } from './processes.ts';
import { readSettings } from './settings.ts';

const STOP_TIMEOUT_MS = 60_000;

try {
  const settings = readSettings();
  const folder = folderOf(settings);
  const instance = await findRunning(folder);
  if (instance) {
    await stop(instance, STOP_TIMEOUT_MS);
    console.log(`✓ Stopped ${instance.url}`);
  } else console.log(`Stage ${settings.stage} is not running.`);
  // If `npm start` was killed, its engine and the function workers may still run.
  const engine = readJson<ProcessIdentity>(join(folder, 'engine.json'));
  if (engine) await stop(engine, STOP_TIMEOUT_MS);
  await killOrphanWorkers(join(folder, 'tmp'));
  if (process.argv.includes('-v')) {
    remove(folder);
    console.log(`✓ Removed the data of stage ${settings.stage}${describeRemaining(settings.dataDir)}`);
  }
} catch (error) {
  printError(error);
  process.exitCode = 1;
}

function describeRemaining(dataDir: string): string {
  const stages = existsSync(dataDir) ? readdirSync(dataDir).filter((name) => !name.startsWith('python')) : [];
  return stages.length > 0 ? `; data of other stages remains: ${stages.join(', ')}` : '';
}
