import { formats, kinds } from '../../lambdas/reports/report.ts';
import { toIso } from '../../lambdas/shared/runtime/clock.ts';
import { configOf } from '../../lib/config.ts';
import { parseOneOf } from './arguments.ts';
import { defineCommand } from './command.ts';
import { columns } from './print.ts';
import { describeReport, waitForReport } from './report-client.ts';
import { requestReport } from './request-report.ts';
import { parseDurationMs, parseInstantMs } from './time.ts';
import { UsageError } from './usage-error.ts';

/** The clock of the operator may be ahead of that of the API by this much. */
const CLOCK_SKEW_MS = 5000;

interface RangeOptions {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly since?: string | undefined;
}

/** Returns the range of a report. `--since` ends at the last moment whose rows are settled. */
export function parseRange({ from, to, since }: RangeOptions, nowMs: number, settledAfterMs: number) {
  if (since === undefined)
    return { from: toIso(parseInstantMs(from ?? '', '--from')), to: toIso(parseInstantMs(to ?? '', '--to')) };
  if (from !== undefined || to !== undefined) throw new UsageError('Give either --since, or --from and --to.');
  const fromMs = nowMs - parseDurationMs(since, '--since');
  const toMs = nowMs - settledAfterMs - CLOCK_SKEW_MS;
  if (fromMs >= toMs)
    throw new UsageError(
      `--since must be more than ${(nowMs - toMs) / 1000}s, because later rows may still be written.`,
    );
  return { from: toIso(fromMs), to: toIso(toMs) };
}

export default defineCommand({
  options: {
    kind: { type: 'string', valueName: 'kind', help: kinds.join(', ') },
    from: { type: 'string', valueName: 'iso', help: 'the first moment of the range' },
    to: { type: 'string', valueName: 'iso', help: 'the end of the range, which does not belong to it' },
    since: {
      type: 'string',
      valueName: 'duration',
      help: 'instead of --from and --to: from this long before now (10m, 2h, 1d) until the last settled moment',
    },
    format: { type: 'string', valueName: 'format', help: `${formats.join(' or ')} (default: csv)` },
    key: { type: 'string', valueName: 'text', help: 'the Idempotency-Key; the same key returns the same report' },
    wait: { type: 'boolean', help: 'wait until the report has ended' },
  },
  details:
    'A date without a time is its first moment in UTC. A row belongs to the report if its time is at least --from and before\n' +
    '--to. A report of balances has the balance of each account at --to. The exit code with --wait is 1 if it fails.',
  examples: [
    'reports create --kind orders --since 1d --wait',
    'reports create --kind ledger --from 2026-10-01 --to 2026-11-01 --format ndjson',
  ],
  run: async ({ values, target, print, signal }) => {
    const request = {
      kind: parseOneOf(values.kind, '--kind', kinds),
      ...parseRange(values, Date.now(), configOf(target.stage).reports.settledAfterSeconds * 1000),
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
