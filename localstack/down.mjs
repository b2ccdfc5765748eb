import { prepare, runUnderNode24 } from '../tools/bootstrap.mjs';

await prepare();
await runUnderNode24('localstack/down.ts', process.argv.slice(2));
