import { join } from 'node:path';
import { elapsed, step } from '../tools/progress.ts';
import { printError, UserError } from '../tools/user-error.ts';
import { apiTarget } from './api-target.ts';
import { apiOf, deploy } from './deploy.ts';
import { type AnyEngine, endpointOf, startOrFindEngine } from './engines.ts';
import { startGateway } from './gateway.ts';
import { claimInstance, folderOf } from './instance.ts';
import { startMetrics } from './metrics.ts';
import { assertFree } from './ports.ts';
import { resendOutbox } from './resend-outbox.ts';
import { seed } from './seed.ts';
import { readSettings, root, type Settings } from './settings.ts';
import { Stopper } from './shutdown.ts';
import { watch } from './watch.ts';

// An engine that ends more often than this has something that a restart does not cure.
const RESTARTS = 3;

const began = Date.now();
const stopper = new Stopper();

try {
  await up(readSettings(process.env, process.argv), process.argv.includes('--watch'));
} catch (error) {
  if (!stopper.stopping) {
    printError(error);
    process.exitCode = 1;
  }
  await stopper.stop();
}

async function up(settings: Settings, watching: boolean): Promise<void> {
  const release = await claimInstance(settings, endpointOf(settings));
  stopper.add('the record of this instance', async () => release());
  await assertFree(settings.port, 'ONCEBOX_PORT');
  let engine = await startOrFindEngine(settings);
  stopper.add('the engine', () => engine.stop());

  const { endpoint } = engine;
  const at = { endpoint, stage: settings.stage };
  const baseUrl = `http://localhost:${settings.port}`;
  const outcome = await engine.atomically(async () => {
    const deployed = await deploy({ ...at, folder: folderOf(settings), baseUrl, overrides: settings.overrides });
    await catchUp(engine, settings);
    return deployed;
  });

  const pages = [join(root, 'dist', 'web'), join(root, 'web')];
  const target = await apiTarget(endpoint, await apiOf(at));
  const gateway = await startGateway({ port: settings.port, target, pages, maxInFlight: settings.maxInFlight });
  stopper.add('the gateway', () => gateway.close());
  stopper.add('metrics', startMetrics(at));
  if (watching) stopper.add('the watcher', await watch(at));

  if (outcome === 'deployed') {
    await step('seeding a little to look at', () => seed(gateway.url)).catch((error: unknown) => {
      // The app is up all the same, and this is what to look at first.
      console.error(`✗ seeding failed: ${error instanceof Error ? error.message : error}`);
    });
  }
  sayWhatToTry(gateway.url, endpoint);
  await keepRunning(settings, engine, (next) => {
    engine = next;
  });
}

/**
 * After a restart: what the engine forgot of its streams is sent again. Nothing may be saved until that is done: a save
 * in between would bear a later time, and a start after one more crash would send from then on only.
 */
async function catchUp(engine: AnyEngine, settings: Settings): Promise<void> {
  const { stateFrom } = engine;
  if (!stateFrom) return;
  await step('sending the last events again', () => resendOutbox(engine.endpoint, settings.stage, stateFrom));
}

/** An engine that ends by itself (killed, out of memory) comes back with what it saved last. */
async function keepRunning(settings: Settings, first: AnyEngine, replace: (next: AnyEngine) => void): Promise<void> {
  let engine = first;
  for (let restarts = 0; ; restarts += 1) {
    await Promise.race([engine.ended, stopper.stopped]);
    if (stopper.stopping) return;
    const log = join(folderOf(settings), 'engine.log');
    if (restarts === RESTARTS) throw new UserError('The engine ends again and again.', `Its log: ${log}`);
    console.error('✗ The engine ended; it is started again with what it saved last.');
    engine = await startOrFindEngine(settings);
    replace(engine);
    await engine.atomically(() => catchUp(engine, settings));
  }
}

function sayWhatToTry(url: string, endpoint: string): void {
  const json = `-H 'content-type: application/json'`;
  console.log(`
Oncebox is up at ${url} (${elapsed(began)} s); the engine is at ${endpoint}. Ctrl-C stops both.

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
