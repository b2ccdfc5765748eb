import { prepare, runUnderNode24 } from './bootstrap.mjs';

await prepare();
await runUnderNode24('localstack/up.ts', process.argv.slice(2));
