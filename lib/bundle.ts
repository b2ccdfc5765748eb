import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, type BuildResult, build, buildSync } from 'esbuild';

const lambdas = fileURLToPath(new URL('../lambdas', import.meta.url));

/** The code of one function: `<outdir>/orders/api/index.js` from the entry `orders/api.ts`. */
export type Bundle = ReturnType<typeof toBundles>[number];

/** Returns the files that export a handler, relative to `lambdas/`. A test checks that each of them is deployed. */
export function handlerEntries(root: string = lambdas): string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && /^export const handler\b/m.test(readFileSync(join(root, file), 'utf8')))
    .toSorted();
}

const withoutExtension = (entry: string): string => entry.replace(/\.ts$/, '');

function createOptions(entries: readonly string[], outdir: string) {
  return {
    entryPoints: entries.map((entry) => ({ in: join(lambdas, entry), out: join(withoutExtension(entry), 'index') })),
    outdir,
    // Without it, relative paths in the output would depend on the current directory of the command.
    absWorkingDir: dirname(lambdas),
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node24',
    // Platform "node" prefers the CJS builds of the SDK and of zod, which esbuild cannot tree-shake.
    mainFields: ['module', 'main'],
    minify: true,
    legalComments: 'none',
    metafile: true,
    logLevel: 'silent',
    // A function finds its credentials in the environment. The SDK's chain for profiles and SSO is 40 % of a bundle.
    alias: { '@aws-sdk/credential-provider-node': join(lambdas, 'shared/runtime/lambda-credentials.ts') },
  } as const satisfies BuildOptions;
}

/** Marks each bundle as CommonJS, since an engine may unpack it below a package.json that says otherwise. */
function toBundles(entries: readonly string[], outdir: string, { metafile }: BuildResult<{ metafile: true }>) {
  const outputs = Object.values(metafile.outputs);
  return entries.map((entry) => {
    const dir = join(outdir, withoutExtension(entry));
    writeFileSync(join(dir, 'package.json'), '{"type":"commonjs"}\n');
    const output = outputs.find(({ entryPoint }) => entryPoint === `lambdas/${entry}`);
    return { entry, dir, bytes: output?.bytes ?? 0 };
  });
}

/** Bundles all handlers in one run, each into its own folder. The same sources give the same bytes. */
export async function bundleAll(outdir: string, entries: readonly string[] = handlerEntries()): Promise<Bundle[]> {
  return toBundles(entries, outdir, await build(createOptions(entries, outdir)));
}

let bundles: ReadonlyMap<string, Bundle> | undefined;

/** Bundles all handlers for synth, which is synchronous. Runs once for each process; its exit deletes the bundles. */
export function bundlesForSynth(): ReadonlyMap<string, Bundle> {
  if (bundles) return bundles;
  const outdir = mkdtempSync(join(tmpdir(), 'oncebox-bundles-'));
  process.on('exit', () => rmSync(outdir, { recursive: true, force: true }));
  const entries = handlerEntries();
  const built = toBundles(entries, outdir, buildSync(createOptions(entries, outdir)));
  bundles = new Map(built.map((bundle) => [bundle.entry, bundle]));
  return bundles;
}

/** Returns the bundle of a handler. Throws if the file does not exist or exports no handler. */
export function findBundle(entry: string): Bundle {
  const bundle = bundlesForSynth().get(entry);
  if (!bundle)
    throw new Error(
      `lambdas/${entry} exports no handler. The files with a handler are ${[...bundlesForSynth().keys()].join(', ')}.`,
    );
  return bundle;
}
