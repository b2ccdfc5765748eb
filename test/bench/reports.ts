import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Row } from './figures.ts';

const SIZES = [10_000, 100_000, 1_000_000] as const;
/** The worker has 512 MB. A small heap shows that it needs far less, since V8 otherwise collects garbage late. */
const HEAP_MB = 64;

type Memory = Readonly<Record<'heap' | 'buffers' | 'rss', number>>;
export interface Measurement {
  readonly rows: number;
  readonly parts: number;
  readonly runs: number;
  readonly seconds: number;
  readonly fileMb: number;
  readonly before: Memory;
  readonly peak: Memory;
  readonly after: Memory;
}

/** Writes a report in a process of its own, whose heap is limited. `live` measures without garbage. */
export async function measureReport(count: number, mode: 'live' | 'all' = 'all'): Promise<Measurement> {
  const args = ['--expose-gc', `--max-old-space-size=${HEAP_MB}`, '--disable-warning=ExperimentalWarning'];
  const worker = join(import.meta.dirname, 'report-worker.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [...args, worker, String(count), mode]);
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Measurement;
}

const describe = ({ before, peak, after, fileMb, parts, runs, seconds }: Measurement): string => {
  const memory = (['heap', 'buffers', 'rss'] as const).map((name) => {
    const [first, most, last] = [before, peak, after].map((used) => used[name].toFixed(0));
    return `${name} ${first} → ${most} → ${last} MB`;
  });
  return `${memory.join(', ')}; ${fileMb.toFixed(1)} MB in ${parts} parts and ${runs} runs, ${seconds.toFixed(1)} s`;
};

/** Measures the memory of the worker for reports of different sizes, in memory, without an engine. */
export async function reports(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const size of SIZES)
    for (const mode of ['all', 'live'] as const) {
      const measurement = await measureReport(size, mode);
      const memory = mode === 'all' ? 'memory' : 'memory without garbage';
      const what = `report of ${measurement.rows.toLocaleString('en')} orders, ${memory} before, at most and after`;
      rows.push({ what, figure: describe(measurement) });
    }
  return rows;
}
