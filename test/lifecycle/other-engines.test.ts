import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type EmbeddedEngine, isHealthy, scratchDir, startEngine } from '../../localstack/engine.ts';
import { ApiClient } from '../support/api-client.ts';
import { LocalInstance } from '../support/local-instance.ts';

/** An engine that `npm start` has not started itself: it plays the running engine, and the container of LocalStack. */
let engine: EmbeddedEngine;
let instance: LocalInstance;
let api: ApiClient;

/** A folder with a program `docker` that only records how it was called. */
const bin = mkdtempSync(join(tmpdir(), 'oncebox-docker-'));
const calls = join(bin, 'calls');

beforeAll(async () => {
  writeFileSync(join(bin, 'docker'), `#!/bin/sh\necho "$ONCEBOX_ENGINE_PORT $*" >> '${calls}'\n`);
  chmodSync(join(bin, 'docker'), 0o755);
  engine = await startEngine({ name: `other-${process.pid}`, dataDir: scratchDir(), enforcesIam: true });
  instance = await LocalInstance.create(Number(new URL(engine.endpoint).port));
  api = new ApiClient(instance.url);
  // The first start deploys the app, which takes longer than a test may.
  await instance.start({ AWS_ENDPOINT_URL: engine.endpoint });
});
afterAll(async () => {
  await instance.remove();
  await engine.stop();
  rmSync(bin, { recursive: true });
});

async function expectOrderToFinish(): Promise<void> {
  const id = await api.order(await api.customer(10), 10);
  expect(await api.waitForFinalState(id)).toMatchObject({ status: 'FINISHED' });
}

test('npm start uses the running engine of AWS_ENDPOINT_URL, and leaves it running', async () => {
  await expectOrderToFinish();
  expect(await instance.stop()).toEqual([]);
  expect(await isHealthy(engine.endpoint)).toBe(true);
});

test('npm start -- --engine localstack starts LocalStack by Docker Compose, uses it alike, and stops it', async () => {
  const PATH = `${bin}${delimiter}${process.env['PATH'] ?? ''}`;
  await instance.start({ PATH }, ['--engine', 'localstack']);
  await expectOrderToFinish();
  expect(await instance.stop()).toEqual([]);
  const port = new URL(engine.endpoint).port;
  const compose = `compose -p oncebox-test -f ${join(import.meta.dirname, '../../localstack/docker-compose.yml')}`;
  expect(readFileSync(calls, 'utf8').trim().split('\n')).toEqual([
    expect.stringMatching(/ version --format \{\{\.Server\.Version\}\}$/),
    expect.stringMatching(/ compose version$/),
    `${port} ${compose} up --detach`,
    `${port} ${compose} down --remove-orphans --volumes`,
  ]);
});
