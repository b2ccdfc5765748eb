import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { type Bundle, bundleAll, bundlesForSynth, handlerEntries } from '../../lib/bundle.ts';
import { synthesized } from '../support/synthesized.ts';

/** Bundling all handlers takes several seconds on a busy machine. These tests do not measure that time. */
const TIMEOUT_MS = 60_000;

const outdir = mkdtempSync(join(tmpdir(), 'oncebox-bundle-test-'));
afterAll(() => rmSync(outdir, { recursive: true, force: true }));

const read = (bundle: Bundle | undefined, file: string): string => readFileSync(join(bundle?.dir ?? '', file), 'utf8');
const fromSynth = bundlesForSynth();
// Synthesized before the tests, because it may take longer than a test's timeout on a busy machine.
const local = synthesized('local');

describe('bundles', () => {
  test.each([...fromSynth.values()])('keep $entry at 400 KB or less, so that it loads fast', ({ bytes }) => {
    expect(bytes).toBeGreaterThan(1000);
    expect(bytes).toBeLessThanOrEqual(400 * 1024);
  });

  test(
    'have the same bytes in watch mode as in synth, so that unchanged functions are not deployed',
    async () => {
      const forWatch = await bundleAll(outdir);
      expect(forWatch.map(({ entry, bytes }) => [entry, bytes])).toEqual(
        [...fromSynth.values()].map(({ entry, bytes }) => [entry, bytes]),
      );
      for (const bundle of forWatch)
        expect(read(bundle, 'index.js')).toBe(read(fromSynth.get(bundle.entry), 'index.js'));
    },
    TIMEOUT_MS,
  );

  test('declare CommonJS in a package.json of their own', () => {
    for (const bundle of fromSynth.values())
      expect(JSON.parse(read(bundle, 'package.json'))).toEqual({ type: 'commonjs' });
  });

  test('contain no credential chain for profiles or SSO, and no CDK', () => {
    for (const bundle of fromSynth.values())
      expect(read(bundle, 'index.js')).not.toMatch(/sso_start_url|fromIni|aws-cdk/);
  });

  test.each([
    ['the store side of documents', 'DB QUERY', 'documents/on-order-lookup.ts', 'documents/on-order-found.ts'],
    ['the accounts of payments', 'account_exists', 'payments/api.ts', 'payments/plan-ticks.ts'],
  ])('contain %s only if they use it', (_part, text, user, other) => {
    expect(read(fromSynth.get(user), 'index.js')).toContain(text);
    expect(read(fromSynth.get(other), 'index.js')).not.toContain(text);
  });

  test('are deployed by the platform, each of them once', () => {
    const toEntry = (name: string) => `${name.replace('oncebox-local-', '').replace('-', '/')}.ts`;
    const deployed = local.resources
      .filter(({ Type }) => Type === 'AWS::Lambda::Function')
      .map(({ Properties }) => toEntry(String(Properties['FunctionName'])));
    expect(deployed.toSorted()).toEqual(handlerEntries());
  });
});
