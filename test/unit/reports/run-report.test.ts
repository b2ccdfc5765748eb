import { setImmediate as nextTurn } from 'node:timers/promises';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { ObjectStore } from '../../../lambdas/reports/object-store.ts';
import { MAX_RUNS } from '../../../lambdas/reports/report.ts';
import { fileKey, reportKey } from '../../../lambdas/reports/report-row.ts';
import { Busy, Rejected } from '../../../lambdas/shared/runtime/errors.ts';
import { type Store, versionIs } from '../../../lambdas/shared/store/store.ts';
import { overrideStore } from '../../support/memory-store.ts';
import { createReportFixture, runRequested } from '../../support/report-fixture.ts';

type Fixture = ReturnType<typeof createReportFixture>;

const fileOf = ({ bucket }: Fixture, id: string): string => {
  const key = [...bucket.objects.keys()].find((name) => name.includes(`/${id}.csv`)) ?? '';
  return gunzipSync(bucket.objects.get(key) ?? Buffer.of()).toString();
};
const idsIn = (text: string): string[] =>
  text
    .split('\r\n')
    .slice(1, -1)
    .map((line) => line.split(',')[0] ?? '');
const publishedRuns = ({ table }: Fixture): number[] =>
  table
    .all()
    .filter(({ sk }) => sk.startsWith('OUTBOX#'))
    .map(({ sk }) => Number(sk.split(':').at(-1)))
    .sort((a, b) => a - b);

describe('the worker', () => {
  test('writes one file with all rows of the range, and the sums', async () => {
    const fixture = createReportFixture({ orders: 95 });
    const id = await fixture.create();
    await fixture.run(runRequested(id));
    expect(idsIn(fileOf(fixture, id)).toSorted()).toEqual(fixture.orderIds);
    expect(await fixture.reports().get(id)).toMatchObject({
      status: 'finished',
      rows: 95,
      sums: { amount: 4560n, amount_new: 4560n },
    });
  });

  test('writes a file with the names of the columns if there are no rows', async () => {
    const fixture = createReportFixture();
    const [csv, ndjson] = [await fixture.create(), await fixture.create({ format: 'ndjson' })];
    await fixture.run(runRequested(csv));
    await fixture.run(runRequested(ndjson));
    expect(fileOf(fixture, csv)).toBe('order_id,user_id,amount,status,reason,description,created_at,updated_at\r\n');
    const file = [...fixture.bucket.objects].find(([key]) => key.includes(`/${ndjson}.ndjson`))?.[1];
    expect(gunzipSync(file ?? Buffer.of()).toString()).toBe('');
  });

  test('continues in another run when its time is over, and a repeated message of the first run does nothing', async () => {
    const fixture = createReportFixture({ orders: 95, pageMs: 3000 });
    const id = await fixture.create();
    await fixture.run(runRequested(id));
    const { rows, run, status } = await fixture.reports().get(id);
    expect({ run, status }).toEqual({ run: 2, status: 'running' });
    expect(rows).toBeGreaterThan(0);
    expect(rows).toBeLessThan(95);
    expect(publishedRuns(fixture)).toEqual([1, 2]);
    await fixture.run(runRequested(id));
    expect(await fixture.reports().get(id)).toMatchObject({ rows, run: 2 });
    await fixture.run(runRequested(id, 2));
    expect(idsIn(fileOf(fixture, id)).toSorted()).toEqual(fixture.orderIds);
  });

  test('puts many parts together by an upload', async () => {
    // Each page is a part, and two parts or three are a part of the upload.
    const fixture = createReportFixture({ orders: 400, limits: { partMs: 0, uploadBytes: 900 } });
    const id = await fixture.create();
    await fixture.run(runRequested(id));
    const { uploaded, parts, upload_id } = await fixture.reports().get(id);
    expect(upload_id).toBe('upload-1');
    expect(uploaded).toBeGreaterThan(1);
    expect(parts).toBeGreaterThan(uploaded);
    expect(idsIn(fileOf(fixture, id)).toSorted()).toEqual(fixture.orderIds);
  });

  test('uploads the file again if its upload is gone, because a worker died right after it had completed it', async () => {
    const fixture = createReportFixture({ orders: 400, limits: { partMs: 0, uploadBytes: 900 } });
    const id = await fixture.create();
    const completesAndDies: ObjectStore = {
      ...fixture.bucket,
      withDeadline: () => completesAndDies,
      completeUpload: async (upload, tags) => {
        await fixture.bucket.completeUpload(upload, tags);
        throw new Error('killed');
      },
    };
    await expect(fixture.run(runRequested(id), { objects: completesAndDies })).rejects.toThrow('killed');
    const first = fileOf(fixture, id);
    await fixture.run(runRequested(id));
    expect(await fixture.reports().get(id)).toMatchObject({ status: 'finished', upload_id: 'upload-2' });
    expect(fileOf(fixture, id)).toBe(first);
    expect(idsIn(first).toSorted()).toEqual(fixture.orderIds);
  });

  test.each([0, 2])('uploads the file again if S3 has removed its upload after %i parts', async (uploaded) => {
    const fixture = createReportFixture({ orders: 400, limits: { partMs: 0, uploadBytes: 900 } });
    const id = await fixture.create();
    const dies: ObjectStore = {
      ...fixture.bucket,
      withDeadline: () => dies,
      uploadPart: async (upload, number, body) => {
        if (number > uploaded) throw new Error('killed');
        return fixture.bucket.uploadPart(upload, number, body);
      },
    };
    await expect(fixture.run(runRequested(id), { objects: dies })).rejects.toThrow('killed');
    await fixture.reports().fail(runRequested(id), 'the fifth failure');
    fixture.bucket.removeUploads();
    await fixture.run(runRequested(id));
    expect(await fixture.reports().get(id)).toMatchObject({ status: 'finished', upload_id: 'upload-2' });
    expect(idsIn(fileOf(fixture, id)).toSorted()).toEqual(fixture.orderIds);
  });

  test('reads 32 parts at a time to put them together', async () => {
    const fixture = createReportFixture({ orders: 1500, limits: { partMs: 0 } });
    const id = await fixture.create();
    const reading = { now: 0, atMost: 0, all: 0 };
    const objects: ObjectStore = {
      ...fixture.bucket,
      withDeadline: () => objects,
      get: async (key) => {
        reading.now += 1;
        reading.all += 1;
        reading.atMost = Math.max(reading.atMost, reading.now);
        await nextTurn();
        reading.now -= 1;
        return fixture.bucket.get(key);
      },
    };
    await fixture.run(runRequested(id), { objects });
    const { parts } = await fixture.reports().get(id);
    expect(parts).toBeGreaterThan(32);
    expect(reading).toEqual({ now: 0, atMost: 32, all: parts });
    expect(idsIn(fileOf(fixture, id)).toSorted()).toEqual(fixture.orderIds);
  });

  test('fails a report of which a part is gone, and writes no file', async () => {
    const fixture = createReportFixture({ orders: 60, limits: { partMs: 0 } });
    const { table, bucket } = fixture;
    const id = await fixture.create();
    const query: Store['query'] = async (all) => (await table.query(all)).filter(({ sk }) => sk !== 'PART#000002');
    const run = fixture.run(runRequested(id), { store: overrideStore(table, { query }) });
    await expect(run).rejects.toMatchObject({ code: 'report_parts_missing' });
    expect(bucket.objects.has(fileKey(await fixture.reports().get(id)))).toBe(false);
  });

  test('waits while another worker has the lease, and takes over after it', async () => {
    const fixture = createReportFixture({ orders: 20 });
    const id = await fixture.create();
    expect(await fixture.reports().startRun(runRequested(id), 'another worker')).toMatchObject({ status: 'running' });
    await expect(fixture.run(runRequested(id))).rejects.toBeInstanceOf(Busy);
    fixture.clock.pass(60_000);
    await fixture.run(runRequested(id));
    expect(idsIn(fileOf(fixture, id)).toSorted()).toEqual(fixture.orderIds);
  });

  test('writes nothing after another worker has taken over, and its message comes again', async () => {
    const fixture = createReportFixture({ orders: 20 });
    const id = await fixture.create();
    let isTakenOver = false;
    const objects: ObjectStore = {
      ...fixture.bucket,
      withDeadline: () => objects,
      put: async (key, body) => {
        if (!isTakenOver) {
          isTakenOver = true;
          fixture.clock.pass(60_000);
          await fixture.run(runRequested(id));
        }
        await fixture.bucket.put(key, body);
      },
    };
    // Its deadline is over as well. Both make the message come again, and neither is a failure.
    await expect(fixture.run(runRequested(id), { objects })).rejects.toBeInstanceOf(Busy);
    expect(await fixture.reports().get(id)).toMatchObject({ status: 'finished', rows: 20, parts: 1 });
    expect(idsIn(fileOf(fixture, id)).toSorted()).toEqual(fixture.orderIds);
  });

  test('continues if a write got no response and was applied', async () => {
    const fixture = createReportFixture({ orders: 20 });
    const id = await fixture.create();
    let writes = 0;
    const store = overrideStore(fixture.table, {
      write: async (...args) => {
        await fixture.table.write(...args);
        writes += 1;
        // The table has written, and then refuses the repetition of the SDK.
        if (writes % 2 === 1) await fixture.table.write(...args);
      },
    });
    await fixture.run(runRequested(id), { store });
    expect(await fixture.reports().get(id)).toMatchObject({ status: 'finished', rows: 20 });
    expect(idsIn(fileOf(fixture, id)).toSorted()).toEqual(fixture.orderIds);
  });

  test('ends its lease if it fails, so that a retry need not wait', async () => {
    const fixture = createReportFixture({ orders: 20 });
    const id = await fixture.create();
    const objects: ObjectStore = {
      ...fixture.bucket,
      withDeadline: () => objects,
      put: async () => {
        throw new Error('the bucket refuses');
      },
    };
    await expect(fixture.run(runRequested(id), { objects })).rejects.toThrow('the bucket refuses');
    await fixture.run(runRequested(id));
    expect(await fixture.reports().get(id)).toMatchObject({ status: 'finished', rows: 20 });
  });

  test('fails for good if the postings of the ledger do not sum to zero', async () => {
    const fixture = createReportFixture();
    const id = await fixture.create({ kind: 'ledger' });
    const at = new Date(fixture.clock.now() - 3600_000).toISOString();
    const entry = {
      entry_id: 'e',
      account: 'a',
      amount: 5,
      balance_after: 5,
      version: 1,
      reason: 'deposit',
      ref: 'r',
      at,
    };
    const postings = [
      { account: 'user:a', amount: 5 },
      { account: 'external:deposits', amount: -4 },
    ];
    await fixture.payments.write([{ op: 'put', row: { pk: 'DEPOSIT#d', sk: 'ENTRY', ...entry, postings } }], 'entry');
    await expect(fixture.run(runRequested(id))).rejects.toMatchObject({ code: 'ledger_unbalanced' });
  });

  test('ends after a maximum of runs', async () => {
    const fixture = createReportFixture({ orders: 1 });
    const id = await fixture.create();
    const tooMany = fixture.run(runRequested(id, MAX_RUNS + 1));
    await expect(tooMany).rejects.toMatchObject({ code: 'report_too_long' });
  });

  test('rejects a message about a report that does not exist', async () => {
    const fixture = createReportFixture();
    await expect(fixture.run(runRequested('z'.repeat(26)))).rejects.toBeInstanceOf(Rejected);
  });

  test('continues a report that has failed from its last part when the dead letter is redriven', async () => {
    const fixture = createReportFixture({ orders: 95, pageMs: 3000 });
    const id = await fixture.create();
    await fixture.run(runRequested(id));
    const { rows } = await fixture.reports().get(id);
    await fixture.reports().fail(runRequested(id, 2), 'the table was gone');
    expect(await fixture.reports().get(id)).toMatchObject({ status: 'failed', reason: 'the table was gone', rows });
    await fixture.run(runRequested(id, 2));
    expect(idsIn(fileOf(fixture, id)).toSorted()).toEqual(fixture.orderIds);
  });
});

test('a dead letter of an earlier run does not fail a report', async () => {
  const fixture = createReportFixture({ orders: 95, pageMs: 3000 });
  const id = await fixture.create();
  await fixture.run(runRequested(id));
  await fixture.reports().fail(runRequested(id), 'late');
  expect(await fixture.reports().get(id)).toMatchObject({ status: 'running' });
});

test('a report is not found after its expiry, whether or not its row was deleted', async () => {
  const fixture = createReportFixture();
  const id = await fixture.create();
  const row = await fixture.table.get(reportKey(id));
  const expires_at = Math.floor(fixture.clock.now() / 1000);
  await fixture.table.write([{ op: 'update', key: reportKey(id), set: { expires_at }, when: versionIs(1) }], 'expire');
  expect(row?.['expires_at']).toBeGreaterThan(expires_at);
  await expect(fixture.reports().get(id)).rejects.toMatchObject({ status: 404 });
});

test('keeps the part that is recorded if a worker without the lease writes the same part', async () => {
  const fixture = createReportFixture({ orders: 95, pageMs: 3000 });
  const id = await fixture.create();
  const late: ObjectStore = {
    ...fixture.bucket,
    withDeadline: () => late,
    put: async (key) => {
      // The other worker records the part while this one is about to write it.
      fixture.clock.pass(60_000);
      await fixture.run(runRequested(id));
      await fixture.bucket.put(key, gzipSync('the rows of a worker that is late'));
    },
  };
  await expect(fixture.run(runRequested(id), { objects: late })).rejects.toBeInstanceOf(Busy);
  await fixture.run(runRequested(id, 2));
  expect(idsIn(fileOf(fixture, id)).toSorted()).toEqual(fixture.orderIds);
});
