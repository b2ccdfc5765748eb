import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { elapsed, step } from '../tools/progress.ts';
import { printError, UserError } from '../tools/user-error.ts';
import { findApi } from './api-target.ts';
import { deploy } from './deploy.ts';
import type { Engine } from './engine.ts';
import { endpointOf, startOrFindEngine } from './engines.ts';
import { startGateway } from './gateway.ts';
import { folderOf, registerInstance } from './instance.ts';
import { startMetrics } from './metrics.ts';
import { assertFree } from './ports.ts';
import { createSampleData, openSampleData } from './seed.ts';
import { type Deployment, engineEnv, readSettings, root, type Settings } from './settings.ts';
import { Shutdown } from './shutdown.ts';
import { watch } from './watch.ts';

// An engine that exits more often has a problem that a restart does not solve.
const MAX_RESTARTS = 3;
// The relay may not have read what was written right before the save. A duplicate is harmless, a missing event is not.
const RESEND_MARGIN_MS = 60_000;

const runFile = promisify(execFile);

const startedAt = Date.now();
const shutdown = new Shutdown();

try {
  await start(readSettings(process.env, process.argv), process.argv.includes('--watch'));
} catch (error) {
  if (!shutdown.isStopping) {
    printError(error);
    process.exitCode = 1;
  }
  await shutdown.run();
}

async function start(settings: Settings, isWatching: boolean): Promise<void> {
  const release = await registerInstance(settings, endpointOf(settings));
  shutdown.add('The record of this instance', async () => release());
  await assertFree(settings.port, 'ONCEBOX_PORT');
  let engine = await startOrFindEngine(settings);
  shutdown.add('The engine', () => engine.stop());

  const deployment = { endpoint: engine.endpoint, stage: settings.stage };
  const baseUrl = `http://localhost:${settings.port}`;
  await engine.atomically(async () => {
    const { overrides } = settings;
    await deploy({ ...deployment, folder: folderOf(settings), baseUrl, overrides });
    await resendLostEvents(engine, settings);
  });

  const gateway = await startGateway({
    port: settings.port,
    target: await findApi(deployment),
    pages: [join(root, 'dist', 'web'), join(root, 'web')],
    maxInFlight: settings.maxInFlight,
  });
  shutdown.add('The gateway', () => gateway.close());
  shutdown.add('The publisher of metrics', startMetrics(deployment));
  if (isWatching) shutdown.add('The watcher', await watch(deployment));

  await createMissingSampleData(gateway.url, settings, deployment);
  if (shutdown.isStopping) return;
  printUsage(gateway.url, engine.endpoint);
  await restartOnExit(settings, engine, (next) => {
    engine = next;
  });
}

/** Creates the sample data that is missing. The app runs without it too, so a start goes on after a failure. */
async function createMissingSampleData(url: string, { sampleUsers }: Settings, deployment: Deployment): Promise<void> {
  const sampleData = { url, userCount: sampleUsers, signal: shutdown.signal, ...openSampleData(deployment) };
  try {
    await step('Create missing sample data', (showProgress) => createSampleData(sampleData, showProgress));
  } catch (error) {
    if (shutdown.isStopping) return;
    const message = error instanceof Error ? error.message : error;
    console.error(`✗ The sample data is not complete, and the next start will complete it: ${message}`);
  }
}

/**
 * Sends the latest outbox records again, because the engine loses its streams, and the records in them, at every stop.
 * Nothing may be saved before this is done: a save in between would have a later time, and after one more crash a start
 * would send events only from that time on.
 */
async function resendLostEvents({ endpoint, stateSavedAt }: Engine, { stage }: Settings): Promise<void> {
  if (!stateSavedAt) return;
  const from = new Date(stateSavedAt.getTime() - RESEND_MARGIN_MS).toISOString();
  const command = [join(root, 'bin', 'ops.ts'), 'outbox', 'resend', '--from', from, '--stage', stage, '--yes'];
  const env = { ...process.env, ...engineEnv(endpoint), ONCEBOX_STAGE: stage };
  await step('Resend the latest events', () =>
    runFile(process.execPath, ['--disable-warning=ExperimentalWarning', ...command], { cwd: root, env }),
  );
}

/** Restarts the engine with its last saved state if it exits unexpectedly (killed, out of memory). */
async function restartOnExit(settings: Settings, first: Engine, replace: (next: Engine) => void): Promise<void> {
  let engine = first;
  for (let restarts = 0; ; restarts += 1) {
    await Promise.race([engine.exited, shutdown.finished]);
    if (shutdown.isStopping) return;
    const log = join(folderOf(settings), 'engine.log');
    if (restarts === MAX_RESTARTS)
      throw new UserError(`The engine has exited ${MAX_RESTARTS + 1} times.`, `See its log: ${log}`);
    console.error('✗ The engine exited. It is restarted with its last saved state.');
    engine = await startOrFindEngine(settings);
    replace(engine);
    await engine.atomically(() => resendLostEvents(engine, settings));
  }
}

function printUsage(url: string, endpoint: string): void {
  const json = `-H 'content-type: application/json'`;
  console.log(`
Oncebox runs at ${url} (started in ${elapsed(startedAt)} s). The engine runs at ${endpoint}. Ctrl-C stops both.

  curl -s ${url}/payments/accounts ${json} -d '{"user_id":"bob"}'
  curl -s ${url}/payments/accounts/deposit ${json} -d '{"user_id":"bob","amount":2000}'
  curl -s ${url}/orders ${json} -d '{"user_id":"bob","amount":1500,"description":"Gift"}'
  curl -s '${url}/orders?user_id=bob'
  curl -s ${url}/payments/accounts/bob/balance
  curl -s ${url}/orders ${json} -d @events/documents/samples/test_order.json
  curl -s ${url}/api/order/b563feb7b2b84b6test
  npm run ops -- queues            npm run ops -- logs tail
`);
}
