import { beforeAll, expect, test } from 'vitest';
import { type Measurement, measureReport } from '../../bench/reports.ts';

const SIZES = [10_000, 200_000] as const;
/** By how much the heap without garbage may differ. 190,000 rows take 34 MB as text. */
const HEAP_MB = 4;
/** The members of a part of 4 MB, or the parts of a group of up to 9 MB, and their copy. */
const BUFFERS_MB = 18;

let reports: readonly Measurement[];
beforeAll(async () => {
  const measured: Measurement[] = [];
  for (const size of SIZES) measured.push(await measureReport(size, 'live'));
  reports = measured;
});

test('a worker keeps no more of a report of 200,000 rows than of one of 10,000', () => {
  const [small, large] = reports;
  if (!small || !large) throw new Error('there are no measurements');
  for (const { rows, before, peak } of reports) {
    const [heap, buffers] = (['heap', 'buffers'] as const).map(
      (name) => `${name} ${before[name].toFixed(1)} → ${peak[name].toFixed(1)} MB`,
    );
    console.log(`${rows} rows, without garbage: ${heap}, ${buffers}`);
  }
  expect([small.rows, large.rows]).toEqual(SIZES);
  expect(large.peak.heap - small.peak.heap).toBeLessThan(HEAP_MB);
  for (const { before, peak } of reports) expect(peak.buffers - before.buffers).toBeLessThan(BUFFERS_MB);
});
