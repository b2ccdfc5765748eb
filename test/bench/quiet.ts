// The kernel speaks to CloudWatch by its output; here the output is the table of figures. Read once, when it is loaded.
process.env['POWERTOOLS_LOG_LEVEL'] = 'SILENT';
process.env['POWERTOOLS_METRICS_DISABLED'] = 'true';
