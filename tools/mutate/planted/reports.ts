import { bugsIn, type PlantedBug } from '../planted-bug.ts';

const RUN_TEST = 'test/unit/reports/run-report.test.ts';
const CONDITIONS_TEST = 'test/unit/reports/written-conditions.test.ts';
const API_TEST = 'test/unit/reports/reports-api.test.ts';
const EXPORTS_TEST = 'test/unit/reports/daily-exports.test.ts';
const BALANCES_TEST = 'test/unit/payments/balances-port.test.ts';

/** Bugs in reports: each of them would lose rows, count them twice, or show them to the wrong reader. */
export const plantedInReports: readonly PlantedBug[] = [
  ...bugsIn('lambdas/reports/report-row.ts', [
    {
      name: 'step of a report without its version',
      find: '    version: version + 1,\n  },\n  when: versionIs(version),',
      replace: '    version: version + 1,\n  },\n  when: undefined as never,',
      consequence: 'Two workers record the same rows twice.',
      caughtBy: [CONDITIONS_TEST, 'each step is written under its version, with its part only if it is absent'],
    },
    {
      name: 'part of a report without absent',
      find: '  row: { ...partKey(report.id, number), ...part, expires_at: expiresAt(nowMs) },\n  when: absent,',
      replace: '  row: { ...partKey(report.id, number), ...part, expires_at: expiresAt(nowMs) },',
      consequence: 'A worker that is late replaces a part that is recorded.',
      caughtBy: [CONDITIONS_TEST, 'each step is written under its version, with its part only if it is absent'],
    },
    {
      name: 'daily export in the folder of requested reports',
      find: "  return origin === 'daily'\n",
      replace: "  return origin !== 'daily'\n",
      consequence: 'Athena finds requested reports in the exports of a day, and counts their rows twice.',
      caughtBy: [API_TEST, 'shows rows, sums and a link of a finished report, whose sums have all digits'],
    },
  ]),
  ...bugsIn('lambdas/reports/report.ts', [
    {
      name: 'message of an earlier run continues a report',
      find: "status === 'finished' || message.run < run",
      replace: "status === 'finished'",
      consequence: 'A redelivered message starts a second chain of runs, and publishes each run twice.',
      caughtBy: [RUN_TEST, 'and a repeated message of the first run does nothing'],
    },
    {
      name: 'lease is ignored',
      find: "return now < leased_until ? 'wait' : 'start';",
      replace: "return 'start';",
      consequence: 'Every delivery of a message takes the report from the worker that is working on it.',
      caughtBy: [RUN_TEST, 'waits while another worker has the lease, and takes over after it'],
    },
    {
      name: 'ledger report that does not sum to zero',
      find: "kind !== 'ledger' || (sums['total'] ?? 0n) === 0n",
      replace: "kind !== 'ledger' || (sums['total'] ?? 0n) >= 0n",
      consequence: 'A damaged ledger is exported as if it were correct.',
      caughtBy: [RUN_TEST, 'fails for good if the postings of the ledger do not sum to zero'],
    },
  ]),
  ...bugsIn('lambdas/reports/assemble.ts', [
    {
      name: 'report without one of its parts',
      find: 'if (parts.length !== report.parts)',
      replace: 'if (parts.length > report.parts)',
      consequence: 'A report finishes whose file has fewer rows than it says.',
      caughtBy: [RUN_TEST, 'fails a report of which a part is gone, and writes no file'],
    },
  ]),
  ...bugsIn('lambdas/reports/lost-runs.ts', [
    {
      name: 'lost run is never requested again',
      find: "(status === 'queued' || status === 'running') &&",
      replace: "status === 'running' &&",
      consequence: 'A report whose event was lost is queued forever, and no alarm sees it.',
      caughtBy: ['test/unit/reports/daily-exports.test.ts', 'is requested again after an hour, once for each run'],
    },
    {
      name: 'report that is worked on is requested again',
      find: 'Math.max(Date.parse(created_at), leased_until)',
      replace: 'Date.parse(created_at)',
      consequence: 'A second worker writes the same parts of each long report.',
      caughtBy: ['test/unit/reports/daily-exports.test.ts', 'is requested an hour after the run before it has ended'],
    },
  ]),
  ...bugsIn('lambdas/reports/report-store.ts', [
    {
      name: 'worker that is late writes its step',
      find: '  if (current.version === report.version) return false;',
      replace: '  if (current.version >= report.version) return false;',
      consequence: 'A worker without the lease repeats its write until its time is over, and never learns why.',
      caughtBy: [RUN_TEST, 'continues if a write got no response and was applied'],
    },
    {
      name: 'limit of reports is read after the row',
      find: 'addToOpen(parseOpen(openRow), id, nowMs),',
      replace: 'addToOpen(parseOpen(openRow && (await read.get(openReportsKey))), id, nowMs),',
      consequence: 'Of two attempts of one request, one gets a report and the other one is refused.',
      caughtBy: ['test/unit/reports/reports-api.test.ts', 'returns the last report to two attempts of its request'],
    },
    {
      name: 'next run is not requested',
      find: 'publish: isLast ? [',
      replace: 'publish: isLast && next.run < 0 ? [',
      consequence: 'A report that needs more than one run never ends.',
      caughtBy: [CONDITIONS_TEST, 'the next run is requested in the transaction that ends a run'],
    },
    {
      name: 'expired report is shown',
      find: 'isExpired(row, work.clock.now()) ? undefined : row',
      replace: 'row',
      consequence: 'A report is shown after its expiry until TTL deletes its row.',
      caughtBy: [RUN_TEST, 'a report is not found after its expiry, whether or not its row was deleted'],
    },
    {
      name: 'dead letter of an earlier run fails a report',
      find: "if (!report || decideRun(report, data, Number.POSITIVE_INFINITY) === 'ignore')",
      replace: 'if (!report)',
      consequence: 'A report that is running, or finished, is shown as failed.',
      caughtBy: [RUN_TEST, 'a dead letter of an earlier run does not fail a report'],
    },
  ]),
  ...bugsIn('lambdas/reports/daily-exports.ts', [
    {
      name: 'failed export counts as existing',
      find: ".find(({ status }) => status !== 'failed');",
      replace: '.find(() => true);',
      consequence: 'The export of a day that has failed is never made.',
      caughtBy: [EXPORTS_TEST, 'is requested again if it has failed, and writes the same file'],
    },
  ]),
  ...bugsIn('lambdas/reports/run-report.ts', [
    {
      name: 'parts of two workers share an object',
      find: '/${number}-${run.worker}.gz`',
      replace: '/${number}.gz`',
      consequence: 'A worker that is late overwrites a part that is recorded.',
      caughtBy: [RUN_TEST, 'keeps the part that is recorded if a worker without the lease writes the same part'],
    },
    {
      name: 'header in each part',
      find: 'if (report.parts === 0) writer.write(',
      replace: 'writer.write(',
      consequence: 'The names of the columns are in the middle of a file.',
      caughtBy: [RUN_TEST, 'and a repeated message of the first run does nothing'],
    },
    {
      name: 'position of a part is not recorded',
      find: ': { ...read, position };',
      replace: ': read;',
      consequence: 'Each run starts from the beginning of the table, and the report never ends.',
      caughtBy: [RUN_TEST, 'and a repeated message of the first run does nothing'],
    },
  ]),
  ...bugsIn('lambdas/reports/assemble.ts', [
    {
      name: 'file without its last part',
      find: 'const group = groups[report.uploaded];',
      replace: 'const group = groups.slice(0, -1)[report.uploaded];',
      consequence: 'The last rows of a large report are missing.',
      caughtBy: [RUN_TEST, 'puts many parts together by an upload'],
    },
    {
      name: 'removed upload is an error',
      find: 'if (tag !== undefined) return advance(',
      replace: "if (tag === undefined) throw new Error('the upload is gone');\n    return advance(",
      consequence: 'A report that was dead-lettered while it was put together can never be continued.',
      caughtBy: [RUN_TEST, 'uploads the file again if S3 has removed its upload'],
    },
    {
      name: 'parts are read one by one',
      find: 'const PARTS_AT_ONCE = 32;',
      replace: 'const PARTS_AT_ONCE = 1;',
      consequence: 'A report of thousands of small parts is read from the first part again and again, and never ends.',
      caughtBy: [RUN_TEST, 'reads 32 parts at a time to put them together'],
    },
    {
      name: 'completed upload is an error',
      find: "return advance({ upload_id: '', uploaded: 0 });",
      replace: "throw new Error('the upload is gone');",
      consequence: 'A report whose worker died after completing the file fails for good.',
      caughtBy: [RUN_TEST, 'uploads the file again if its upload is gone'],
    },
  ]),
  ...bugsIn('lambdas/reports/csv.ts', [
    {
      name: 'formula in a cell',
      find: `value.replaceAll(FORMULA_PLACES, "'")`,
      replace: 'value',
      consequence: 'A customer runs a formula in the spreadsheet of an accountant.',
      caughtBy: ['test/unit/reports/csv.test.ts', 'is not taken for a formula'],
    },
    {
      name: 'formula behind a semicolon',
      find: '(?<=^|[;,\\t\\r\\n\\0])',
      replace: '(?<=^)',
      consequence: 'A customer runs a formula in a spreadsheet whose separator is a semicolon, as in most of Europe.',
      caughtBy: ['test/unit/reports/csv.test.ts', 'for a program that separates cells by'],
    },
    {
      name: 'negative number becomes a text',
      find: "if (typeof value === 'number') return String(value);",
      replace: "if (typeof value === 'number') return csvCell(String(value));",
      consequence: 'A spreadsheet does not add the debits.',
      caughtBy: ['test/unit/reports/csv.test.ts', 'keeps a negative number, so that a spreadsheet adds it'],
    },
    {
      name: 'quotes are not doubled',
      find: `replaceAll('"', '""')`,
      replace: `replaceAll('"', '"')`,
      consequence: 'A description with a quote shifts the columns behind it.',
      caughtBy: ['test/unit/reports/csv.test.ts', 'doubles the quotes of a text'],
    },
  ]),
  ...bugsIn('lambdas/reports/request-report.ts', [
    {
      name: 'range that is not settled',
      find: 'if (Date.parse(request.to) > now - settledAfterMs) throw',
      replace: 'if (Date.parse(request.to) > now) throw',
      consequence: 'Rows that are written after the export are missing in it.',
      caughtBy: [API_TEST, 'rejects a range whose rows may still be written'],
    },
    {
      name: 'times of a range as they were sent',
      find: 'from: toIso(Date.parse(body.from)), to: toIso(Date.parse(body.to))',
      replace: 'from: body.from, to: body.to',
      consequence: 'Rows of the first second are missing, since "00Z" is greater than "00.500Z".',
      caughtBy: [API_TEST, 'normalizes the times of the range'],
    },
  ]),
  ...bugsIn('lambdas/reports/open-reports.ts', [
    {
      name: 'any number of open reports',
      find: 'if (recent.length >= MAX_OPEN_REPORTS)',
      replace: 'if (recent.length > 10 * MAX_OPEN_REPORTS)',
      consequence: 'A client that repeats its request without a key scans the tables a thousand times.',
      caughtBy: [API_TEST, 'rejects another report while too many are open'],
    },
  ]),
  ...bugsIn('lambdas/reports/show-report.ts', [
    {
      name: 'link to an expired file',
      find: 'if (now >= expiresMs)',
      replace: 'if (now >= Number.POSITIVE_INFINITY)',
      consequence: 'A link leads to an error of S3 instead of an explanation.',
      caughtBy: [API_TEST, 'returns 410 when the file has expired, and 404 when the report has'],
    },
  ]),
  ...bugsIn('lambdas/payments/balances-port.ts', [
    {
      name: 'balance includes a change of its own moment',
      find: 'if (line.at >= at) balance',
      replace: 'if (line.at > at) balance',
      consequence: 'The balances at the end of a day contain postings of the next one.',
      caughtBy: [BALANCES_TEST, 'leave out what changed at that moment or later'],
    },
    {
      name: 'balance stops at the first earlier change',
      find: 'if (line.at < certainlyBefore) return',
      replace: 'if (line.at < at) return',
      consequence: 'A balance is wrong by a change whose writer had another clock.',
      caughtBy: [BALANCES_TEST, 'sum all earlier amounts even if the clocks of two functions differ'],
    },
    {
      name: 'gap in a statement',
      find: 'if (line.version !== expected) throw',
      replace: 'if (line.version > expected) throw',
      consequence: 'A balance is wrong by a change that the index does not show yet.',
      caughtBy: [BALANCES_TEST, 'are read again later if the index of entries lags'],
    },
  ]),
  ...bugsIn('lib/constructs/report-bucket.ts', [
    {
      name: 'bucket open to the public',
      find: 'blockPublicAccess: BlockPublicAccess.BLOCK_ALL',
      replace: 'blockPublicAccess: BlockPublicAccess.BLOCK_ACLS_ONLY',
      consequence: 'A policy can make the reports of all customers public.',
      caughtBy: ['test/infra/reports.test.ts', 'is encrypted, closed to the public, and without versions'],
    },
  ]),
];
