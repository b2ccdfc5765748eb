// node tools/run.mjs <file.ts> [arguments] runs one TypeScript file under the project's Node 24.
import { resolve } from 'node:path';
import { prepare, runUnderNode24 } from './bootstrap.mjs';

const [script, ...args] = process.argv.slice(2);
if (!script) {
  console.error('✗ The file to run is missing.\n  node tools/run.mjs <file.ts> [arguments]');
  process.exit(1);
}
await prepare();
await runUnderNode24(resolve(script), args);
