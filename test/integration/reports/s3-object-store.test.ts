import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { createS3ObjectStore } from '../../../lambdas/reports/s3-object-store.ts';
import { type Bucket, presign, sendToS3 } from '../../../lambdas/reports/s3-request.ts';
import { systemClock } from '../../../lambdas/shared/runtime/clock.ts';
import { Busy } from '../../../lambdas/shared/runtime/errors.ts';
import { engineEnv } from '../../../localstack/settings.ts';
import { objectStoreContract } from '../../support/object-store-contract.ts';

const endpoint = inject('endpoint') ?? process.env['AWS_ENDPOINT_URL'];
const bucket: Bucket = { name: `contract-${randomUUID()}`, region: 'us-east-1', endpoint };
const time = { clock: systemClock, deadlineMs: Number.POSITIVE_INFINITY };

beforeAll(async () => {
  // The adapter finds credentials in the environment, as it does in a function.
  Object.assign(process.env, engineEnv(endpoint));
  await sendToS3(bucket, { method: 'PUT', key: '' }, time);
});

afterAll(() => {
  delete process.env['AWS_ENDPOINT_URL'];
});

objectStoreContract('S3', () => createS3ObjectStore(bucket, systemClock));

test('a link downloads the file under its name until it expires, and cannot be changed', async () => {
  const key = 'reports/date=2026-01-01/a.csv.gz';
  await createS3ObjectStore(bucket, systemClock).put(key, Buffer.from('the file'));
  const url = await presign(bucket, key, 'orders.csv.gz', 60);
  const response = await fetch(url);
  expect(await response.text()).toBe('the file');
  expect(response.headers.get('content-disposition')).toBe('attachment; filename="orders.csv.gz"');
  expect((await fetch(url.replace('orders.csv.gz', 'other.csv.gz'))).status).toBe(403);
  expect((await fetch(url.replace(/a\.csv/, 'b.csv'))).status).toBe(403);
  const expired = await presign(bucket, key, 'orders.csv.gz', 1);
  await expect.poll(async () => (await fetch(expired)).status, { timeout: 10_000 }).toBe(403);
});

test('an endpoint that does not respond is reported as Busy', async () => {
  const closed = { ...bucket, endpoint: 'http://127.0.0.1:1' };
  const work = sendToS3(closed, { method: 'GET', key: 'a' }, time);
  await expect(work).rejects.toBeInstanceOf(Busy);
});
