import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { findApi } from '../../localstack/api-target.ts';
import { deploy } from '../../localstack/deploy.ts';
import { type EmbeddedEngine, scratchDir, startEngine } from '../../localstack/engine.ts';
import { startGateway } from '../../localstack/gateway.ts';

const STAGE = 'test';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The address of the app, as clients use it. */
    url: string;
    /** The address of the engine, for direct access to queues and tables. */
    endpoint: string;
  }
}

/** Starts an engine on a free port and deploys the app to it. It does not disturb other engines on this machine. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const engine = await startEngine({ name: `test-${process.pid}`, dataDir: scratchDir(), enforcesIam: true });
  try {
    const gateway = await deployAndServe(engine);
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

async function deployAndServe({ endpoint, folder }: EmbeddedEngine) {
  const deployment = { endpoint, stage: STAGE };
  await deploy({ ...deployment, folder: join(folder, 'deploy') });
  const target = await findApi(deployment);
  return startGateway({ port: 0, target, pages: [], maxInFlight: 4 });
}
