import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { bundleAll } from '../../lib/bundle.ts';
import { kb, median, ms, type Row } from './figures.ts';

const RUNS = 15;

/** What each function weighs and how long it takes to load, beside a handler that has a document client and no more. */
export async function bundles(): Promise<Row[]> {
  const dir = mkdtempSync(join(tmpdir(), 'oncebox-bench-'));
  try {
    const bare = await bareHandler(dir);
    const rows: Row[] = [];
    for (const { entry, dir: folder, bytes } of await bundleAll(dir)) {
      const [own, beside] = loadTimes(join(folder, 'index.js'), bare);
      rows.push({
        what: `bundle ${entry}`,
        figure: `${kb(bytes)}, loads in ${ms(own)}: ${(own / beside).toFixed(2)} × a bare document-client handler`,
      });
    }
    return rows;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function bareHandler(dir: string): Promise<string> {
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

/** In turn, so that a slow moment of the machine meets both; the medians. */
function loadTimes(one: string, other: string): [number, number] {
  const times: [number[], number[]] = [[], []];
  for (let run = 0; run < RUNS; run++) {
    times[0].push(loadOnce(one));
    times[1].push(loadOnce(other));
  }
  return [median(times[0]), median(times[1])];
}

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
