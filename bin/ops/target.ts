import { configOf } from '../../lib/config.ts';
import { findRunning, folderOf } from '../../localstack/instance.ts';
import { engineEnv, readSettings } from '../../localstack/settings.ts';
import { UsageError } from './usage-error.ts';

/** The stage that a command is about, and where it lives. */
export interface Target {
  readonly stage: string;
  readonly onAws: boolean;
  /** Of the local engine; on AWS each service has its own. */
  readonly endpoint: string | undefined;
  /** `name('orders')` is `oncebox-<stage>-orders`; without parts it is the stage's bus. */
  name(...parts: readonly string[]): string;
  /** What a thing of this stage is called among its own: `oncebox-<stage>-orders` → `orders`. */
  short(name: string): string;
}

/** Aims at a stage: from here on, every client of the SDK speaks to where it lives. */
export async function resolveTarget(stage: string): Promise<Target> {
  const config = configIn(stage);
  const endpoint = config.onAws ? undefined : await localEndpoint(stage);
  // the kernel's own ports make their clients from the environment, as in a function
  if (endpoint) Object.assign(process.env, engineEnv(endpoint));
  return createTarget(config, endpoint);
}

export function createTarget({ stage, onAws }: { stage: string; onAws: boolean }, endpoint?: string): Target {
  const name = (...parts: readonly string[]) => ['oncebox', stage, ...parts].join('-');
  return {
    stage,
    onAws,
    endpoint,
    name,
    short: (full) => (full.startsWith(`${name()}-`) ? full.slice(name().length + 1) : full),
  };
}

function configIn(stage: string): { stage: string; onAws: boolean } {
  try {
    return configOf(stage);
  } catch (error) {
    throw new UsageError(`${(error as Error).message.split(' by ')[0]}.`);
  }
}

/** AWS_ENDPOINT_URL, else what a running `npm start` of this stage says, else the port by its setting. */
async function localEndpoint(stage: string): Promise<string> {
  const settings = { ...readSettings(), stage };
  if (settings.endpoint) return settings.endpoint;
  const started = await findRunning(folderOf(settings));
  return started?.endpoint ?? `http://127.0.0.1:${settings.enginePort}`;
}
