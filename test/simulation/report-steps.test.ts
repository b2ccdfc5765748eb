import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { ObjectStore } from '../../lambdas/reports/object-store.ts';
import { fileKey } from '../../lambdas/reports/report-row.ts';
import { Busy } from '../../lambdas/shared/runtime/errors.ts';
import { type Store, WriteRefused } from '../../lambdas/shared/store/store.ts';
import { createReportFixture, runRequested } from '../support/report-fixture.ts';

/** The call of a table or of the bucket at which a worker fails, and whether it writes to the table. */
interface Call<T> {
  readonly perform: () => Promise<T>;
  readonly writes: boolean;
  /** Lets other workers continue the report for some runs, as if this one had lost its lease. */
  readonly letOthersRun: (runs: number) => Promise<void>;
}
type Fault = <T>(call: Call<T>) => Promise<T>;

const killed = new Error('killed');
const faults: Record<string, Fault> = {
  'is killed before': async () => {
    throw killed;
  },
  'is killed after': async ({ perform }) => {
    await perform();
    throw killed;
  },
  'gets no response to': async ({ perform, writes }) => {
    await perform();
    throw writes ? new WriteRefused([{ kind: 'no_response' }]) : new Busy('no response');
  },
  'is overtaken by one run at': async ({ perform, letOthersRun }) => {
    await letOthersRun(1);
    return perform();
  },
  'is overtaken by all other runs at': async ({ perform, letOthersRun }) => {
    await letOthersRun(MAX_RUNS);
    return perform();
  },
};

const MAX_RUNS = 30;
/** Another worker may take over after this time. */
const LEASE_MS = 61_000;
const limits = { partBytes: 1, partMs: 1, reserveMs: 26_000, uploadBytes: 300 };
const calm: Fault = ({ perform }) => perform();

/** Runs a report whose workers have the fault at one of their calls, until it is finished. */
async function runWith(fault: Fault, faultyCall: number) {
  const fixture = createReportFixture({ orders: 60, limits, pageMs: 500 });
  const { clock, table, bucket } = fixture;
  const id = await fixture.create();
  const report = () => fixture.reports().get(id);
  const runUntilFinished = async (runs: number, run: (number: number) => Promise<void>) => {
    for (let count = 0; count < runs && (await report()).status !== 'finished'; count++) {
      await run((await report()).run);
      clock.pass(LEASE_MS);
    }
  };
  const letOthersRun = async (runs: number) => {
    clock.pass(LEASE_MS);
    await runUntilFinished(runs, (number) => fixture.run(runRequested(id, number)));
  };
  let calls = 0;
  const call = <T>(perform: () => Promise<T>, writes = false): Promise<T> =>
    calls++ === faultyCall ? fault({ perform, writes, letOthersRun }) : perform();
  const store: Store = {
    get: (key) => call(() => table.get(key)),
    getMany: (keys) => call(() => table.getMany(keys)),
    query: (query) => call(() => table.query(query)),
    write: (writes, token) => call(() => table.write(writes, token), true),
    withDeadline: () => store,
  };
  const objects: ObjectStore = {
    put: (key, body) => call(() => bucket.put(key, body)),
    get: (key) => call(() => bucket.get(key)),
    startUpload: (key) => call(() => bucket.startUpload(key)),
    uploadPart: (...part) => call(() => bucket.uploadPart(...part)),
    completeUpload: (...upload) => call(() => bucket.completeUpload(...upload)),
    withDeadline: () => objects,
  };
  await runUntilFinished(MAX_RUNS, (number) =>
    fixture.run(runRequested(id, number), { store, objects }).catch((error: unknown) => {
      if (error !== killed && !(error instanceof Busy)) throw error;
    }),
  );
  const { status, rows, sums, uploaded, run } = await report();
  const file = bucket.objects.get(fileKey(await report())) ?? Buffer.of();
  const lines = gunzipSync(file).toString().split('\r\n').toSorted();
  return { calls, uploaded, run, result: { status, rows, sums, lines } };
}

test.each(Object.entries(faults))('a report is complete if its worker %s any of its calls', async (_, fault) => {
  const expected = await runWith(calm, -1);
  expect(expected).toMatchObject({ result: { status: 'finished', rows: 60 } });
  // The report takes several runs, and its file an upload of several parts.
  expect(Math.min(expected.run, expected.uploaded)).toBeGreaterThan(1);
  for (let faultyCall = 0; faultyCall < expected.calls; faultyCall++)
    expect({ faultyCall, ...(await runWith(fault, faultyCall)).result }).toEqual({ faultyCall, ...expected.result });
});
