import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fingerprint } from '../../../localstack/fingerprint.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'fingerprint-'));
  mkdirSync(join(root, 'lambdas', 'orders'), { recursive: true });
  writeFileSync(join(root, 'lambdas', 'orders', 'api.ts'), 'one');
  writeFileSync(join(root, 'cdk.json'), '{}');
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

const of = (facts: string[] = ['local']) => fingerprint(root, ['lambdas', 'cdk.json', 'not-there'], facts);

describe('the fingerprint of the app', () => {
  it('stays while nothing changes, words about it included', async () => {
    const before = await of();
    writeFileSync(join(root, 'lambdas', 'orders', 'README.md'), 'words');
    expect(await of()).toBe(before);
  });

  it('moves with content, with a name and with a fact', async () => {
    const seen = new Set([await of(), await of(['test'])]);
    writeFileSync(join(root, 'lambdas', 'orders', 'api.ts'), 'two');
    seen.add(await of());
    writeFileSync(join(root, 'lambdas', 'orders', 'more.ts'), '');
    seen.add(await of());
    expect(seen.size).toBe(4);
  });
});
