import { parseReport, reportsList } from '../../lambdas/reports/report-row.ts';
import { reportsByTime } from '../../lambdas/reports/table.ts';
import { readRows } from '../../lambdas/shared/store/store.ts';
import { parseWholeNumber } from './arguments.ts';
import { defineCommand } from './command.ts';
import { table } from './print.ts';
import { openTables } from './tables.ts';
import { formatTime } from './time.ts';

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 1000;

export default defineCommand({
  options: {
    limit: { type: 'string', valueName: 'n', help: `how many reports at most (default: ${DEFAULT_LIMIT})` },
  },
  details: 'Requested reports and daily exports, newest first. A report is listed for 30 days.',
  examples: ['reports list', 'reports list --limit 100 --json'],
  run: async ({ values, target, print }) => {
    const limit = parseWholeNumber(values.limit, '--limit', DEFAULT_LIMIT, MAX_LIMIT);
    const store = openTables(target).reports;
    const query = { partition: reportsList, index: reportsByTime, newestFirst: true, limit };
    const reports = (await readRows(store, await store.query(query))).map((row) => {
      const { id, kind, from, to, format, origin, status, rows, created_at } = parseReport(row);
      return { id, kind, from, to, format, origin, status, rows, created_at };
    });
    print.result(reports, () =>
      table(
        ['created', 'id', 'kind', 'from', 'to', 'format', 'origin', 'status', 'rows'],
        reports.map(({ created_at, from, to, ...report }) => [
          formatTime(created_at),
          report.id,
          report.kind,
          formatTime(from),
          formatTime(to),
          report.format,
          report.origin,
          report.status,
          report.rows,
        ]),
      ),
    );
    return undefined;
  },
});
