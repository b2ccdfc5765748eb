import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';

/**
 * Returns one hash of all files under the paths and of the parameters. If it is equal, a deploy would change nothing.
 */
export async function computeFingerprint(root: string, paths: readonly string[], parameters: readonly string[]) {
  const hash = createHash('sha256');
  for (const parameter of parameters) hash.update(`parameter ${parameter}\0`);
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
