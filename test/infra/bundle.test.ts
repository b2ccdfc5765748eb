import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type Bundle, bundleAll, bundlesForSynth, handlerEntries } from '../../lib/bundle.ts';
import { synthesized } from '../support/synthesized.ts';

const outdir = mkdtempSync(join(tmpdir(), 'oncebox-bundle-test-'));
afterAll(() => rmSync(outdir, { recursive: true, force: true }));

const read = (bundle: Bundle | undefined, file: string): string => readFileSync(join(bundle?.dir ?? '', file), 'utf8');
const fromSynth = bundlesForSynth();
// made here, as a test of its own has no time for it on a busy machine
const local = synthesized('local');

describe('the bundles', () => {
  it.each([...fromSynth.values()])('$entry loads fast: at most 400 KB', ({ bytes }) => {
    expect(bytes).toBeGreaterThan(1000);
    expect(bytes).toBeLessThanOrEqual(400 * 1024);
  });

  it('are the same bytes for watch mode as for synth, so nothing is deployed where nothing has changed', async () => {
    const forWatch = await bundleAll(outdir);
    expect(forWatch.map(({ entry, bytes }) => [entry, bytes])).toEqual(
      [...fromSynth.values()].map(({ entry, bytes }) => [entry, bytes]),
    );
    for (const bundle of forWatch) expect(read(bundle, 'index.js')).toBe(read(fromSynth.get(bundle.entry), 'index.js'));
  });

  it('say that they are CommonJS, whatever they are unpacked under', () => {
    for (const bundle of fromSynth.values())
      expect(JSON.parse(read(bundle, 'package.json'))).toEqual({ type: 'commonjs' });
  });

  it('take credentials from the environment: no profiles, no SSO, no CDK', () => {
    for (const bundle of fromSynth.values())
      expect(read(bundle, 'index.js')).not.toMatch(/sso_start_url|fromIni|aws-cdk/);
  });

  it('are those of the handlers that the platform deploys, each of them once', () => {
    const entryOf = (name: string) => `${name.replace('oncebox-local-', '').replace('-', '/')}.ts`;
    const deployed = local.resources
      .filter(({ Type }) => Type === 'AWS::Lambda::Function')
      .map(({ Properties }) => entryOf(String(Properties['FunctionName'])));
    expect(deployed.toSorted()).toEqual(handlerEntries());
  });
});
