import { createHash } from 'node:crypto';
import { type FSWatcher, watch as watchFolder } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LambdaClient, UpdateFunctionCodeCommand } from '@aws-sdk/client-lambda';
import { bundleAll } from '../lib/bundle.ts';
import { elapsed } from '../tools/progress.ts';
import { rememberWatched } from './deploy-record.ts';
import { clientOptions, root } from './settings.ts';
import { zip } from './zip.ts';

type At = { endpoint: string; stage: string };

// An editor saves in several steps; they are one change.
const SETTLE_MS = 60;

/** Brings each saved handler into the engine: one bundling run, then the functions whose bundle changed. */
export async function watch(at: At): Promise<() => Promise<void>> {
  const known = await hashes();
  let timer: NodeJS.Timeout | undefined;
  let last: Promise<void> = Promise.resolve();
  const watchers = new Map<string, FSWatcher>();
  const onChange = () => {
    clearTimeout(timer);
    // One after the other: a run that began earlier must not end later with older code.
    timer = setTimeout(() => {
      last = last.then(() => follow(watchers, onChange)).then(() => bring(at, known));
    }, SETTLE_MS);
  };
  await follow(watchers, onChange);
  console.log('✓ watching lambdas/ and events/');
  return async () => {
    clearTimeout(timer);
    for (const watcher of watchers.values()) watcher.close();
    await last;
  };
}

/**
 * Watches each folder by itself. Node's recursive watch follows files on Linux, and loses those that an editor
 * replaces instead of writing into them.
 */
async function follow(watchers: Map<string, FSWatcher>, onChange: () => void): Promise<void> {
  const folders = new Set<string>();
  for (const top of ['lambdas', 'events'].map((name) => join(root, name))) {
    folders.add(top);
    const entries = await readdir(top, { recursive: true, withFileTypes: true });
    for (const entry of entries) if (entry.isDirectory()) folders.add(join(entry.parentPath, entry.name));
  }
  for (const [folder, watcher] of watchers) {
    if (folders.has(folder)) continue;
    watcher.close();
    watchers.delete(folder);
  }
  for (const folder of folders) if (!watchers.has(folder)) watchers.set(folder, watchFolder(folder, onChange));
}

async function bring(at: At, known: Map<string, string>): Promise<void> {
  const started = Date.now();
  try {
    const updated = await push(at, known);
    if (updated.length > 0) console.log(`✓ ${updated.join(', ')} updated (${elapsed(started)} s)`);
  } catch (error) {
    // A half-written handler: the one before stays, and the next save tries again.
    console.error(`✗ ${error instanceof Error ? error.message : error}`);
  }
}

/** Updates the functions whose bundle is not the known one; without known ones, all of them. */
export async function push(at: At, known: Map<string, string>): Promise<string[]> {
  const lambda = new LambdaClient(clientOptions(at.endpoint));
  const updated: string[] = [];
  await inScratch(async (bundles) => {
    for (const { entry, files, hash } of bundles) {
      if (known.get(entry) === hash) continue;
      if (updated.length === 0) await rememberWatched(at);
      const FunctionName = `oncebox-${at.stage}-${entry.replace(/\.ts$/, '').replaceAll('/', '-')}`;
      await lambda.send(new UpdateFunctionCodeCommand({ FunctionName, ZipFile: zip(files) }));
      known.set(entry, hash);
      updated.push(FunctionName);
    }
  });
  return updated;
}

async function hashes(): Promise<Map<string, string>> {
  const known = new Map<string, string>();
  await inScratch(async (bundles) => {
    for (const { entry, hash } of bundles) known.set(entry, hash);
  });
  return known;
}

type Built = { entry: string; files: Record<string, Buffer>; hash: string };

async function inScratch(use: (bundles: Built[]) => Promise<void>): Promise<void> {
  const outdir = await mkdtemp(join(tmpdir(), 'oncebox-watch-'));
  try {
    const bundles = await bundleAll(outdir);
    await use(await Promise.all(bundles.map(async ({ entry, dir }) => ({ entry, ...(await read(dir)) }))));
  } finally {
    await rm(outdir, { recursive: true, force: true });
  }
}

async function read(dir: string): Promise<{ files: Record<string, Buffer>; hash: string }> {
  const files: Record<string, Buffer> = {};
  const hash = createHash('sha256');
  for (const name of (await readdir(dir)).sort()) {
    const content = await readFile(join(dir, name));
    files[name] = content;
    hash.update(`${name} ${content.length}\0`).update(content);
  }
  return { files, hash: hash.digest('hex') };
}
