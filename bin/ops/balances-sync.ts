import { balanceStore } from '../../lambdas/balances/balance-store.ts';
import type { Drift } from '../../lambdas/balances/compare-bucket.ts';
import { createLedgerReader } from '../../lambdas/balances/deps.ts';
import { type BucketComparison, bucketsOf, syncBuckets } from '../../lambdas/balances/sync.ts';
import { systemClock } from '../../lambdas/shared/runtime/clock.ts';
import { defineCommand } from './command.ts';
import { countOf, table } from './print.ts';
import { openTables } from './tables.ts';

/** The time limit for all buckets: an operator would not wait longer. */
const TIMEOUT_MS = 3_600_000;

export default defineCommand({
  details:
    'Does the work of the scheduled job, for all buckets in one run. Drift is repaired, but never to a lower version.\n' +
    'An update that may still be in transit is not drift. The exit code is 1 if something could not be repaired or\n' +
    'compared.',
  examples: ['balances sync', 'balances sync --stage prod --json'],
  run: async ({ target, print, signal }) => {
    const { balances: store, payments } = openTables(target);
    const ledger = createLedgerReader(payments);
    const deadlineMs = Date.now() + TIMEOUT_MS;
    const ports = { balances: balanceStore({ store, clock: systemClock, deadlineMs }), ledger, clock: systemClock };
    const buckets = bucketsOf(await ledger.chunks());
    const compared = await syncBuckets(ports, buckets, async (done) => {
      print.progress('comparing', done, buckets.length);
      return !signal.aborted;
    });
    print.progressDone();
    const report = createReport(compared, buckets.length);
    print.result(report, () => formatReport(report));
    const isInSync = report.drifts.every(({ repaired }) => repaired) && report.failed.length === 0;
    return isInSync ? 0 : 1;
  },
});

export const createReport = (compared: readonly BucketComparison[], totalBuckets: number) => ({
  compared_buckets: compared.length,
  total_buckets: totalBuckets,
  accounts: compared.reduce((sum, { accounts }) => sum + accounts, 0),
  drifts: compared.flatMap(({ drifts }) => drifts),
  uncounted: compared.filter(({ isUncounted }) => isUncounted).map(({ bucket }) => bucket),
  failed: compared.flatMap(({ bucket, failed }) => (failed === undefined ? [] : [{ bucket, reason: failed }])),
});

const formatBalance = (state: Drift['ledger']): string => (state ? `${state.balance} (v${state.version})` : '-');

export function formatReport(report: ReturnType<typeof createReport>): string {
  const { compared_buckets, total_buckets, accounts, drifts, uncounted, failed } = report;
  const rows = drifts.map(({ bucket, user_id, kind, ledger, read_model, repaired }) => [
    ...[bucket, user_id ?? '-', kind, formatBalance(ledger), formatBalance(read_model)],
    repaired ? 'repaired' : 'not repaired',
  ]);
  const drift = drifts.length === 0 ? 'no drift' : countOf(drifts.length, 'drift');
  return [
    ...(rows.length > 0 ? [table(['bucket', 'user', 'kind', 'ledger', 'read model', 'result'], rows), ''] : []),
    `${accounts} accounts in ${compared_buckets} of ${total_buckets} buckets: ${drift}`,
    ...(uncounted.length > 0 ? [`changed too often to be counted: ${uncounted.join(', ')}`] : []),
    ...failed.map(({ bucket, reason }) => `✗ ${bucket}: ${reason}`),
  ].join('\n');
}
