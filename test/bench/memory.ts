import { readdirSync, readFileSync } from 'node:fs';
import type { Row } from './figures.ts';

/** What the engine and all of its function workers hold, each shared page counted once (PSS). Linux only. */
export function memory(enginePid: number): Row[] {
  const family = withChildren(enginePid);
  const kilobytes = family.reduce((sum, pid) => sum + proportional(pid), 0);
  return [
    {
      what: 'memory of the engine and its workers, after all this',
      figure: `${(kilobytes / 1024).toFixed(0)} MB in ${family.length} processes`,
    },
  ];
}

function withChildren(root: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    // the command in parentheses may hold spaces; the parent is the second field after it
    const stat = read(`/proc/${name}/stat`);
    parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
  }
  const family = [root];
  for (const member of family) for (const [pid, parent] of parents) if (parent === member) family.push(pid);
  return family;
}

const proportional = (pid: number): number =>
  Number(/^Pss:\s+(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0);

/** A process may end while we look. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return '';
    throw error;
  }
}
