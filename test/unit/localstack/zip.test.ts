import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { zip } from '../../../localstack/zip.ts';

it('makes archives that others read, byte for byte, and the same each time', () => {
  const files = { 'index.js': Buffer.from('exports.handler = "é";'), 'package.json': Buffer.from('{}') };
  expect(zip(files).equals(zip(files))).toBe(true);
  const folder = mkdtempSync(join(tmpdir(), 'zip-'));
  try {
    writeFileSync(join(folder, 'a.zip'), zip(files));
    const script =
      'import sys,zipfile; z=zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; sys.stdout.buffer.write(z.read("index.js"))';
    expect(execFileSync('python3', ['-c', script, join(folder, 'a.zip')])).toEqual(files['index.js']);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
