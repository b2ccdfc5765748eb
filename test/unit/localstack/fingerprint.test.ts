import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { computeFingerprint } from '../../../localstack/fingerprint.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'fingerprint-'));
  mkdirSync(join(root, 'lambdas', 'orders'), { recursive: true });
  writeFileSync(join(root, 'lambdas', 'orders', 'api.ts'), 'one');
  writeFileSync(join(root, 'cdk.json'), '{}');
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

const compute = (parameters: string[] = ['local']) =>
  computeFingerprint(root, ['lambdas', 'cdk.json', 'not-there'], parameters);

describe('the fingerprint of the app', () => {
  test('stays the same if only documentation changes', async () => {
    const before = await compute();
    writeFileSync(join(root, 'lambdas', 'orders', 'README.md'), 'text');
    expect(await compute()).toBe(before);
  });

  test('changes with the content of a file, with a new file and with a parameter', async () => {
    const fingerprints = new Set([await compute(), await compute(['test'])]);
    writeFileSync(join(root, 'lambdas', 'orders', 'api.ts'), 'two');
    fingerprints.add(await compute());
    writeFileSync(join(root, 'lambdas', 'orders', 'more.ts'), '');
    fingerprints.add(await compute());
    expect(fingerprints.size).toBe(4);
  });
});
