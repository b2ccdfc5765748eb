/**
 * `npm run bench` measures the app on an engine of its own and prints the table of docs/benchmarks.md.
 * `npm run bench -- documents` measures that part alone.
 */
import './quiet.ts';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { findApi } from '../../localstack/api-target.ts';
import { deploy } from '../../localstack/deploy.ts';
import { scratchDir, startEngine } from '../../localstack/engine.ts';
import { startGateway } from '../../localstack/gateway.ts';
import { ApiClient } from '../support/api-client.ts';
import { EngineAccess } from '../support/engine-access.ts';
import { bundles } from './bundles.ts';
import { cost } from './cost.ts';
import { documents } from './documents.ts';
import { type Row, table } from './figures.ts';
import { memory } from './memory.ts';
import { latency, throughput } from './orders.ts';
import { reports } from './reports.ts';
import { ticks } from './ticks.ts';

/** The stage that `npm start` deploys, with chaos switched off. */
const STAGE = 'local';

const parts = process.argv.slice(2);
const isWanted = (part: string): boolean => parts.length === 0 || parts.includes(part);

const rows: Row[] = [];
const engine = await startEngine({ name: `bench-${process.pid}`, dataDir: scratchDir() });
try {
  const { endpoint } = engine;
  await deploy({ endpoint, stage: STAGE, folder: join(engine.folder, 'deploy') });
  const target = await findApi({ endpoint, stage: STAGE });
  const gateway = await startGateway({ port: 0, target, pages: [], maxInFlight: 4 });
  try {
    const api = new ApiClient(gateway.url.replace('localhost', '127.0.0.1'));
    const access = new EngineAccess(endpoint, STAGE);
    await access.setChaos({});
    if (isWanted('orders')) rows.push(...(await latency(api)), ...(await throughput(api)));
    if (isWanted('cost')) rows.push(...(await cost(api, access, endpoint, STAGE)));
    if (isWanted('documents')) rows.push(...(await documents({ shop: api, behind: access, endpoint, stage: STAGE })));
    if (isWanted('memory')) rows.push(...memory(engine.pid));
  } finally {
    await gateway.close();
  }
} finally {
  await engine.stop();
}
if (isWanted('reports')) rows.push(...(await reports()));
if (isWanted('ticks')) rows.push(...(await ticks()));
if (isWanted('bundles')) rows.push(...(await bundles()));

const [cpu] = cpus();
console.log(`\n${table(rows)}\n`);
console.log(
  `${cpus().length} cores (${cpu?.model.trim()}), ${(totalmem() / 2 ** 30).toFixed(0)} GB, ${process.platform}, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}: npm run bench`,
);
