import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { bundleAll } from '../../lib/bundle.ts';
import { kb, median, ms, type Row } from './figures.ts';

const RUNS = 15;

/** Measures the size and the load time of each function's bundle, beside a handler with only a document client. */
export async function bundles(): Promise<Row[]> {
  const dir = mkdtempSync(join(tmpdir(), 'oncebox-bench-'));
  try {
    const bareFile = await buildBareHandler(dir);
    const rows: Row[] = [];
    for (const { entry, dir: folder, bytes } of await bundleAll(dir)) {
      const [bundleMs, bareMs] = medianLoadTimesMs(join(folder, 'index.js'), bareFile);
      rows.push({
        what: `bundle ${entry}`,
        figure: `${kb(bytes)}, loads in ${ms(bundleMs)}: ${(bundleMs / bareMs).toFixed(2)} × a bare document-client handler`,
      });
    }
    return rows;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function buildBareHandler(dir: string): Promise<string> {
  const outfile = join(dir, 'bare', 'index.cjs');
  const contents = `
    import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
    import { DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb';
    const client = DynamoDBDocumentClient.from(new DynamoDBClient({}));
    export const handler = (event) => client.send(new GetCommand({ TableName: 'any', Key: event }));`;
  await build({
    stdin: { contents, resolveDir: import.meta.dirname },
    outfile,
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node24',
    mainFields: ['module', 'main'],
    logLevel: 'error',
  });
  return outfile;
}

/** Loads both files in turn, so that a slow moment of the machine affects both, and returns the two medians. */
function medianLoadTimesMs(bundleFile: string, bareFile: string): [bundleMs: number, bareMs: number] {
  const bundleTimes: number[] = [];
  const bareTimes: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    bundleTimes.push(loadOnce(bundleFile));
    bareTimes.push(loadOnce(bareFile));
  }
  return [median(bundleTimes), median(bareTimes)];
}

/** Loads a file in a new Node process and returns the time in ms. */
function loadOnce(file: string): number {
  const script = join(tmpdir(), `oncebox-load-${process.pid}.cjs`);
  writeFileSync(script, 'const t = performance.now(); require(process.argv[2]); console.log(performance.now() - t);');
  try {
    const env = { PATH: process.env['PATH'], AWS_REGION: 'us-east-1', POWERTOOLS_DEV: 'false' };
    return Number(execFileSync(process.execPath, [script, file], { env, encoding: 'utf8' }));
  } finally {
    rmSync(script, { force: true });
  }
}
