import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';

/** One hash of everything under these paths and of some plain facts: equal means that a deploy would change nothing. */
export async function fingerprint(root: string, paths: readonly string[], facts: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const fact of facts) hash.update(`fact ${fact}\0`);
  for (const path of [...paths].sort()) {
    for (const file of await filesUnder(join(root, path))) {
      const content = await readFile(file);
      hash.update(`file ${relative(root, file).split(sep).join('/')} ${content.length}\0`).update(content);
    }
  }
  return hash.digest('hex');
}

async function filesUnder(path: string): Promise<string[]> {
  try {
    const entries = await readdir(path, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile() && !/\.md$|~$|^\./.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOTDIR') return [path];
    if (code === 'ENOENT') return [];
    throw error;
  }
}
