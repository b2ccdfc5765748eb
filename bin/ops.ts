import { run } from './ops/run.ts';

// the kernel speaks to CloudWatch by its output; here the output is the operator's
process.env['POWERTOOLS_LOG_LEVEL'] = 'SILENT';
process.env['POWERTOOLS_METRICS_DISABLED'] = 'true';

process.exitCode = await run(process.argv.slice(2), process.env);
