import { createHash } from 'node:crypto';
import { type FSWatcher, watch as watchFolder } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LambdaClient, UpdateFunctionCodeCommand } from '@aws-sdk/client-lambda';
import { bundleAll } from '../lib/bundle.ts';
import { elapsed } from '../tools/progress.ts';
import { recordDeployed, WATCHED } from './deploy-record.ts';
import { clientOptions, type Deployment, root } from './settings.ts';
import { zip } from './zip.ts';

type Bundle = { entry: string; files: Record<string, Buffer>; hash: string };

// Editors save in several steps, which count as one change.
const SETTLE_MS = 60;

/** Updates functions when their code changes: one bundling run, then each function whose bundle has changed. */
export async function watch(deployment: Deployment): Promise<() => Promise<void>> {
  const knownHashes = new Map<string, string>();
  await withBundles(async (bundles) => {
    for (const { entry, hash } of bundles) knownHashes.set(entry, hash);
  });
  let timer: NodeJS.Timeout | undefined;
  let lastRun: Promise<void> = Promise.resolve();
  const watchers = new Map<string, FSWatcher>();
  const onChange = () => {
    clearTimeout(timer);
    // Runs follow each other, so that an earlier run cannot finish later with older code.
    timer = setTimeout(() => {
      lastRun = lastRun
        .then(() => refreshWatchers(watchers, onChange))
        .then(() => updateAndReport(deployment, knownHashes));
    }, SETTLE_MS);
  };
  await refreshWatchers(watchers, onChange);
  console.log('✓ Watching lambdas/ and events/');
  return async () => {
    clearTimeout(timer);
    for (const watcher of watchers.values()) watcher.close();
    await lastRun;
  };
}

/**
 * Watches each folder separately. On Linux, Node's recursive watch follows files and loses those that an editor
 * replaces instead of overwriting.
 */
async function refreshWatchers(watchers: Map<string, FSWatcher>, onChange: () => void): Promise<void> {
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

async function updateAndReport(deployment: Deployment, knownHashes: Map<string, string>): Promise<void> {
  const startedAt = Date.now();
  try {
    const updated = await updateFunctions(deployment, knownHashes);
    if (updated.length > 0) console.log(`✓ Updated ${updated.join(', ')} (${elapsed(startedAt)} s)`);
  } catch (error) {
    // For example a handler that does not compile: the previous code stays, and the next change tries again.
    console.error(`✗ ${error instanceof Error ? error.message : error}`);
  }
}

/** Updates the functions whose bundle differs from the known hash. Without known hashes it updates all functions. */
export async function updateFunctions(deployment: Deployment, knownHashes: Map<string, string>): Promise<string[]> {
  const lambda = new LambdaClient(clientOptions(deployment.endpoint));
  const updated: string[] = [];
  await withBundles(async (bundles) => {
    for (const { entry, files, hash } of bundles) {
      if (knownHashes.get(entry) === hash) continue;
      if (updated.length === 0) await recordDeployed(deployment, WATCHED);
      const FunctionName = `oncebox-${deployment.stage}-${entry.replace(/\.ts$/, '').replaceAll('/', '-')}`;
      await lambda.send(new UpdateFunctionCodeCommand({ FunctionName, ZipFile: zip(files) }));
      knownHashes.set(entry, hash);
      updated.push(FunctionName);
    }
  });
  return updated;
}

/** Bundles all functions into a temporary folder, which is removed afterwards. */
async function withBundles(use: (bundles: Bundle[]) => Promise<void>): Promise<void> {
  const outdir = await mkdtemp(join(tmpdir(), 'oncebox-watch-'));
  try {
    const built = await bundleAll(outdir);
    await use(await Promise.all(built.map(async ({ entry, dir }) => ({ entry, ...(await readBundle(dir)) }))));
  } finally {
    await rm(outdir, { recursive: true, force: true });
  }
}

async function readBundle(dir: string): Promise<{ files: Record<string, Buffer>; hash: string }> {
  const files: Record<string, Buffer> = {};
  const hash = createHash('sha256');
  for (const name of (await readdir(dir)).sort()) {
    const content = await readFile(join(dir, name));
    files[name] = content;
    hash.update(`${name} ${content.length}\0`).update(content);
  }
  return { files, hash: hash.digest('hex') };
}
