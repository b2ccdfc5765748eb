import { balanceStore } from '../../lambdas/balances/balance-store.ts';
import type { Drift } from '../../lambdas/balances/compare-bucket.ts';
import { createLedgerReader } from '../../lambdas/balances/deps.ts';
import { type BucketComparison, bucketsOf, syncBuckets } from '../../lambdas/balances/sync.ts';
import { systemClock } from '../../lambdas/shared/runtime/clock.ts';
import { defineCommand } from './command.ts';
import { table } from './print.ts';
import { tablesOf } from './tables.ts';

/** As long as anybody would wait for all of it. */
const PATIENCE_MS = 3_600_000;

export default defineCommand({
  options: {},
  about:
    'The same as the schedule does, of all buckets in one go: what differs is repaired, and never to a lower version.\n' +
    'What may still be on its way is no drift. Ends with 1 if something could not be repaired or compared.',
  examples: ['balances sync', 'balances sync --stage prod --json'],
  run: async ({ target, print, signal }) => {
    const { balances: store, payments } = tablesOf(target);
    const ledger = createLedgerReader(payments);
    const deadlineMs = Date.now() + PATIENCE_MS;
    const ports = { balances: balanceStore({ store, clock: systemClock, deadlineMs }), ledger, clock: systemClock };
    const buckets = bucketsOf(await ledger.chunks());
    const compared = await syncBuckets(ports, buckets, async (done) => {
      print.progress('comparing', done, buckets.length);
      return !signal.aborted;
    });
    print.progressDone();
    const told = createReport(compared, buckets.length);
    print.result(told, () => formatReport(told));
    const isWell = told.drifts.every(({ repaired }) => repaired) && told.failed.length === 0;
    return isWell ? 0 : 1;
  },
});

export interface SyncReport {
  readonly buckets: number;
  readonly of: number;
  readonly accounts: number;
  readonly drifts: readonly Drift[];
  readonly uncounted: readonly string[];
  readonly failed: readonly { readonly bucket: string; readonly reason: string }[];
}

export const createReport = (compared: readonly BucketComparison[], of: number): SyncReport => ({
  buckets: compared.length,
  of,
  accounts: compared.reduce((sum, { accounts }) => sum + accounts, 0),
  drifts: compared.flatMap(({ drifts }) => drifts),
  uncounted: compared.filter(({ isUncounted }) => isUncounted).map(({ bucket }) => bucket),
  failed: compared.flatMap(({ bucket, failed }) => (failed === undefined ? [] : [{ bucket, reason: failed }])),
});

const stated = (one: Drift['ledger']): string => (one ? `${one.balance} at ${one.version}` : '-');

export function formatReport({ buckets, of, accounts, drifts, uncounted, failed }: SyncReport): string {
  const found = drifts.length === 0 ? 'no drift' : `${drifts.length} ${drifts.length === 1 ? 'drift' : 'drifts'}`;
  const rows = drifts.map(({ bucket, user_id, kind, ledger, read_model, repaired }) => [
    ...[bucket, user_id ?? '-', kind, stated(ledger), stated(read_model)],
    repaired ? 'repaired' : 'not repaired',
  ]);
  return [
    ...(rows.length > 0 ? [table(['bucket', 'user', 'kind', 'ledger', 'read model', ''], rows), ''] : []),
    `${accounts} accounts in ${buckets} of ${of} buckets: ${found}`,
    ...(uncounted.length > 0 ? [`changed too often to be counted: ${uncounted.join(', ')}`] : []),
    ...failed.map(({ bucket, reason }) => `✗ ${bucket}: ${reason}`),
  ].join('\n');
}
