import { formats, kinds } from '../../lambdas/reports/report.ts';
import { defineCommand } from './command.ts';
import { columns } from './print.ts';
import { describeReport, waitForReport } from './report-client.ts';
import { requestReport } from './request-report.ts';
import { parseInstantMs } from './time.ts';
import { UsageError } from './usage-error.ts';

function parseOneOf<const T extends string>(text: string | undefined, flag: string, values: readonly T[]): T {
  const value = values.find((candidate) => candidate === text);
  if (value) return value;
  throw new UsageError(`${flag} requires ${values.join(', ')}, not "${text ?? ''}".`);
}

const parseTime = (text: string | undefined, flag: string): string =>
  new Date(parseInstantMs(text ?? '', flag)).toISOString();

export default defineCommand({
  options: {
    kind: { type: 'string', valueName: 'kind', help: kinds.join(', ') },
    from: { type: 'string', valueName: 'iso', help: 'the first moment of the range' },
    to: { type: 'string', valueName: 'iso', help: 'the end of the range, which does not belong to it' },
    format: { type: 'string', valueName: 'format', help: `${formats.join(' or ')} (default: csv)` },
    key: { type: 'string', valueName: 'text', help: 'the Idempotency-Key; the same key returns the same report' },
    wait: { type: 'boolean', help: 'wait until the report has ended' },
  },
  details:
    'A date without a time is its first moment in UTC. A row belongs to the report if its time is at least --from and before\n' +
    '--to. A report of balances has the balance of each account at --to. The exit code with --wait is 1 if it fails.',
  examples: [
    'reports create --kind orders --from 2026-11-01 --to 2026-12-01 --wait',
    'reports create --kind ledger --from 2026-11-20 --to 2026-11-21 --format ndjson',
  ],
  run: async ({ values, target, print, signal }) => {
    const request = {
      kind: parseOneOf(values.kind, '--kind', kinds),
      from: parseTime(values.from, '--from'),
      to: parseTime(values.to, '--to'),
      format: parseOneOf(values.format ?? 'csv', '--format', formats),
    };
    const id = await requestReport(target, request, values.key);
    if (!values.wait) {
      print.result({ id, ...request }, () => `The report ${id} was requested. reports show ${id} shows its progress.`);
      return undefined;
    }
    const report = await waitForReport(target, id, { print, signal });
    print.result(report, () => columns(describeReport(report)).join('\n'));
    return report.status === 'finished' ? undefined : 1;
  },
});
