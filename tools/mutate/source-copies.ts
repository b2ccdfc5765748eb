import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

const NOT_COPIED = new Set(['.git', '.oncebox', 'cdk.out', 'coverage', 'dist', 'node_modules']);

/** Copies of the source tree in a temporary folder. Each has a link to the packages of the original. */
export interface SourceCopies {
  readonly folders: readonly string[];
  delete(): void;
}

export function copySources(root: string, count: number): SourceCopies {
  const parent = mkdtempSync(join(tmpdir(), 'oncebox-mutate-'));
  const folders = Array.from({ length: count }, (_, index) => join(parent, String(index)));
  for (const folder of folders) {
    cpSync(root, folder, { recursive: true, filter: (source) => !NOT_COPIED.has(basename(source)) });
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  }
  return { folders, delete: () => rmSync(parent, { recursive: true, force: true }) };
}
