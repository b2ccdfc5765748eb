import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { printError } from '../tools/user-error.ts';
import { findRunning, folderOf } from './instance.ts';
import { endOrphans, type Identity, readJson, remove, stop } from './processes.ts';
import { readSettings } from './settings.ts';

const STOP_WITHIN_MS = 60_000;

try {
  const settings = readSettings();
  const folder = folderOf(settings);
  const instance = await findRunning(folder);
  if (instance) {
    await stop(instance, STOP_WITHIN_MS);
    console.log(`✓ stopped (${instance.url})`);
  } else console.log(`Nothing runs for stage ${settings.stage}.`);
  // What a killed start left: its engine, and the functions' workers.
  const engine = readJson<Identity>(join(folder, 'engine.json'));
  if (engine) await stop(engine, STOP_WITHIN_MS);
  await endOrphans(join(folder, 'tmp'));
  if (process.argv.includes('-v')) {
    remove(folder);
    console.log(`✓ data of stage ${settings.stage} removed${others(settings.dataDir)}`);
  }
} catch (error) {
  printError(error);
  process.exitCode = 1;
}

function others(dataDir: string): string {
  const kept = readdirSync(dataDir).filter((name) => !name.startsWith('python'));
  return kept.length > 0 ? `; still there: ${kept.join(', ')}` : '';
}
