import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { apiTarget } from '../../localstack/api-target.ts';
import { apiOf, deploy } from '../../localstack/deploy.ts';
import { type Engine, scratchDir, startEngine } from '../../localstack/engine.ts';
import { startGateway } from '../../localstack/gateway.ts';

const STAGE = 'test';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Where the app answers, as a stranger would call it. */
    url: string;
    /** The engine itself, for what a test does behind the doors. */
    endpoint: string;
  }
}

/** An engine of our own at a free port, with nothing in it but the app: it runs beside whatever else runs here. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const engine = await startEngine({ name: `test-${process.pid}`, stage: STAGE, dataDir: scratchDir() });
  try {
    const gateway = await openDoors(engine);
    project.provide('url', gateway.url.replace('localhost', '127.0.0.1'));
    project.provide('endpoint', engine.endpoint);
    return async () => {
      await gateway.close();
      await engine.stop();
    };
  } catch (error) {
    await engine.stop();
    throw error;
  }
}

async function openDoors(engine: Engine) {
  const at = { endpoint: engine.endpoint, stage: STAGE };
  await deploy({ ...at, folder: join(engine.folder, 'deploy') });
  const target = await apiTarget(engine.endpoint, await apiOf(at));
  return startGateway({ port: 0, target, pages: [], maxInFlight: 4 });
}
