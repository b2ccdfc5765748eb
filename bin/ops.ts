import { run } from './ops/run.ts';

// The code in `lambdas/shared` writes logs and metrics to stdout for CloudWatch. Here stdout carries the result of a
// command, so both are switched off before `run` loads a command and that code with it.
process.env['POWERTOOLS_LOG_LEVEL'] = 'SILENT';
process.env['POWERTOOLS_METRICS_DISABLED'] = 'true';

process.exitCode = await run(process.argv.slice(2), process.env);
