import { configOf } from '../../lib/config.ts';
import { findRunning, folderOf } from '../../localstack/instance.ts';
import { engineEnv, readSettings } from '../../localstack/settings.ts';
import { UsageError } from './usage-error.ts';

export type Target = ReturnType<typeof createTarget>;

/** Resolves a stage and points every SDK client of this process to it. */
export async function resolveTarget(stage: string): Promise<Target> {
  const config = readConfig(stage);
  const endpoint = config.onAws ? undefined : await findLocalEndpoint(stage);
  // The adapters in `lambdas/shared` create their clients from the environment, as they do in a function.
  if (endpoint) Object.assign(process.env, engineEnv(endpoint));
  return createTarget(config, endpoint);
}

/** Returns how commands find the resources of a stage. On AWS it has no endpoint, because each service has its own. */
export function createTarget({ stage, onAws }: { stage: string; onAws: boolean }, endpoint?: string) {
  /** Returns a physical name: `name('orders')` is `oncebox-<stage>-orders`, and `name()` is the stage's bus. */
  const name = (...parts: readonly string[]) => ['oncebox', stage, ...parts].join('-');
  return {
    stage,
    onAws,
    endpoint,
    name,
    /** Removes the prefix of the stage from a physical name: `oncebox-<stage>-orders` becomes `orders`. */
    short: (full: string) => (full.startsWith(`${name()}-`) ? full.slice(name().length + 1) : full),
  };
}

function readConfig(stage: string): { stage: string; onAws: boolean } {
  try {
    return configOf(stage);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** Returns AWS_ENDPOINT_URL, or the endpoint of a running `npm start` of this stage, or the default port. */
async function findLocalEndpoint(stage: string): Promise<string> {
  const settings = { ...readSettings(), stage };
  if (settings.endpoint) return settings.endpoint;
  const running = await findRunning(folderOf(settings));
  return running?.endpoint ?? `http://127.0.0.1:${settings.enginePort}`;
}
