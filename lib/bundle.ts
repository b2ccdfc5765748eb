import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, type BuildResult, build, buildSync } from 'esbuild';

const lambdas = fileURLToPath(new URL('../lambdas', import.meta.url));

/** One function's code: `<outdir>/orders/api/index.js` from the entry `orders/api.ts`. */
export interface Bundle {
  readonly entry: string;
  readonly dir: string;
  readonly bytes: number;
}

/** Every file that exports a handler, as a path relative to `lambdas/`. A test holds that a construct names each. */
export function handlerEntries(root: string = lambdas): string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && /^export const handler\b/m.test(readFileSync(join(root, file), 'utf8')))
    .toSorted();
}

/** `orders/on-payment-status.ts` → `orders/on-payment-status`. */
const stem = (entry: string): string => entry.replace(/\.ts$/, '');

function optionsFor(entries: readonly string[], outdir: string) {
  return {
    entryPoints: entries.map((entry) => ({ in: join(lambdas, entry), out: join(stem(entry), 'index') })),
    outdir,
    // relative paths in the output would otherwise depend on where the command was given
    absWorkingDir: dirname(lambdas),
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node24',
    // the SDK's and zod's ESM builds can be shaken; their CJS builds, which platform "node" prefers, cannot
    mainFields: ['module', 'main'],
    minify: true,
    legalComments: 'none',
    metafile: true,
    logLevel: 'silent',
    // a function has its credentials in the environment; the chain for profiles and SSO is two fifths of a bundle
    alias: { '@aws-sdk/credential-provider-node': join(lambdas, 'shared/runtime/lambda-credentials.ts') },
  } as const satisfies BuildOptions;
}

/** Says for each bundle that it is CommonJS, whatever package.json an engine unpacks it under. */
function finish(entries: readonly string[], outdir: string, { metafile }: BuildResult<{ metafile: true }>): Bundle[] {
  const outputs = Object.values(metafile.outputs);
  return entries.map((entry) => {
    const dir = join(outdir, stem(entry));
    writeFileSync(join(dir, 'package.json'), '{"type":"commonjs"}\n');
    const output = outputs.find(({ entryPoint }) => entryPoint === `lambdas/${entry}`);
    return { entry, dir, bytes: output?.bytes ?? 0 };
  });
}

/** Bundles every handler in one run, into a folder of its own each. The same sources give the same bytes. */
export async function bundleAll(outdir: string, entries: readonly string[] = handlerEntries()): Promise<Bundle[]> {
  return finish(entries, outdir, await build(optionsFor(entries, outdir)));
}

let bundles: ReadonlyMap<string, Bundle> | undefined;

/** The same for synth, which cannot wait: once for each process, in a folder that goes away with it. */
export function bundlesForSynth(): ReadonlyMap<string, Bundle> {
  if (bundles) return bundles;
  const outdir = mkdtempSync(join(tmpdir(), 'oncebox-bundles-'));
  process.on('exit', () => rmSync(outdir, { recursive: true, force: true }));
  const entries = handlerEntries();
  const made = finish(entries, outdir, buildSync(optionsFor(entries, outdir)));
  bundles = new Map(made.map((bundle) => [bundle.entry, bundle]));
  return bundles;
}

/** The folder to ship for a handler; a name that no file bears is refused with the names there are. */
export function bundleOf(entry: string): Bundle {
  const bundle = bundlesForSynth().get(entry);
  if (!bundle)
    throw new Error(`lambdas/${entry} exports no handler; there are ${[...bundlesForSynth().keys()].join(', ')}`);
  return bundle;
}
