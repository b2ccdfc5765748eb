import { Stack } from 'aws-cdk-lib';
import { CfnDatabase, CfnTable } from 'aws-cdk-lib/aws-glue';
import { Construct } from 'constructs';
import { folders, reportColumns } from '../lambdas/reports/table.ts';
import type { StageConfig } from './config.ts';
import { reportBucketName } from './constructs/report-bucket.ts';

const glueTypes = { text: 'string', integer: 'bigint' } as const;
/** The first day that Athena looks for. An earlier one costs nothing but a request for each day in a query. */
const FIRST_DATE = '2026-01-01';

/**
 * The tables by which Athena reads the daily exports: `SELECT * FROM orders WHERE date = '2026-11-20'`. The partitions
 * are computed from the dates (partition projection), so no crawler and no statement has to add each day. The files are
 * JSON lines: a CSV file would have all values as text, and an apostrophe before some of them.
 */
export class ReportTables extends Construct {
  constructor(scope: Construct, id: string, config: StageConfig) {
    super(scope, id);
    const catalogId = Stack.of(this).account;
    // Athena allows no hyphens in names without quotes.
    const databaseName = `oncebox_${config.stage}`;
    const database = new CfnDatabase(this, 'Database', {
      catalogId,
      databaseInput: { name: databaseName, description: 'The daily exports of Oncebox' },
    });
    for (const [kind, columns] of Object.entries(reportColumns)) {
      const location = `s3://${reportBucketName(this, config)}/${folders.exports}kind=${kind}/`;
      const table = new CfnTable(this, kind, {
        catalogId,
        databaseName,
        tableInput: {
          name: kind,
          tableType: 'EXTERNAL_TABLE',
          partitionKeys: [{ name: 'date', type: 'string', comment: 'The day in UTC' }],
          parameters: {
            EXTERNAL: 'TRUE',
            classification: 'json',
            compressionType: 'gzip',
            'projection.enabled': 'true',
            'projection.date.type': 'date',
            'projection.date.format': 'yyyy-MM-dd',
            'projection.date.range': `${FIRST_DATE},NOW`,
            'projection.date.interval': '1',
            'projection.date.interval.unit': 'DAYS',
            // Athena replaces the name by the date. It is not a variable of CloudFormation.
            'storage.location.template': `${location}date=\${date}/`,
          },
          storageDescriptor: {
            columns: columns.map(({ name, type }) => ({ name, type: glueTypes[type] })),
            location,
            inputFormat: 'org.apache.hadoop.mapred.TextInputFormat',
            outputFormat: 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat',
            serdeInfo: { serializationLibrary: 'org.openx.data.jsonserde.JsonSerDe' },
          },
        },
      });
      table.addResourceDependency(database);
    }
  }
}
