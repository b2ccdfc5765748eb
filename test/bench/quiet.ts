// Switches logs and metrics off, since both are written to stdout, where the table is printed. `lambdas/shared` reads
// these variables when it is loaded, so this file is imported first.
process.env['POWERTOOLS_LOG_LEVEL'] = 'SILENT';
process.env['POWERTOOLS_METRICS_DISABLED'] = 'true';
