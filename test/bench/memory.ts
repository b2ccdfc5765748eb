import { readdirSync, readFileSync } from 'node:fs';
import type { Row } from './figures.ts';

/** Measures the memory of the engine and its function workers, each shared page counted once (PSS). Linux only. */
export function memory(enginePid: number): Row[] {
  const pids = withDescendants(enginePid);
  const kilobytes = pids.reduce((sum, pid) => sum + proportionalSetSizeKb(pid), 0);
  return [
    {
      what: 'memory of the engine and its workers, after these measurements',
      figure: `${(kilobytes / 1024).toFixed(0)} MB in ${pids.length} processes`,
    },
  ];
}

function withDescendants(root: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    // The command in parentheses may contain spaces. The parent is the second field after it.
    const stat = readIfPresent(`/proc/${name}/stat`);
    parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
  }
  const pids = [root];
  for (const known of pids) for (const [pid, parent] of parents) if (parent === known) pids.push(pid);
  return pids;
}

const proportionalSetSizeKb = (pid: number): number =>
  Number(/^Pss:\s+(\d+)/m.exec(readIfPresent(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0);

/** Returns an empty text if the process has ended in the meantime. */
function readIfPresent(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return '';
    throw error;
  }
}
