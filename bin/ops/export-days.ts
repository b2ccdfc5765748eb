import type { Day, Kind, Report } from '../../lambdas/reports/report.ts';
import type { ReportStore } from '../../lambdas/reports/report-store.ts';

/** The export of one kind and day, as it has ended. */
export interface ExportedDay {
  readonly date: string;
  readonly kind: Kind;
  readonly id: string;
  /** Whether it was requested by this command. */
  readonly requested: boolean;
  readonly status: Report['status'];
  readonly rows: number;
  readonly reason?: string | undefined;
}

interface Ports {
  /** Creates the store of reports with a deadline of its own for each call. */
  readonly reports: () => Pick<ReportStore, 'requestExport' | 'get'>;
  readonly pause: () => Promise<void>;
  readonly signal: AbortSignal;
  readonly onProgress: (ended: number) => void;
}

/**
 * Requests the exports of days that are missing or have failed, and waits for them day by day. Each export reads a
 * whole table, so those of a year at once would take its throughput from the orders. When the signal is aborted, it
 * returns the exports that have ended. A repetition continues where it stopped.
 */
export async function exportDays(
  days: readonly Day[],
  kinds: readonly Kind[],
  { reports, pause, signal, onProgress }: Ports,
): Promise<ExportedDay[]> {
  const exported: ExportedDay[] = [];
  for (const day of days) {
    const requested = [];
    for (const kind of kinds) {
      if (signal.aborted) return exported;
      requested.push({ kind, ...(await reports().requestExport(kind, day)) });
    }
    for (const { kind, id, isNew } of requested) {
      let report = await reports().get(id);
      while (report.status !== 'finished' && report.status !== 'failed') {
        if (signal.aborted) return exported;
        await pause();
        report = await reports().get(id);
      }
      const { status, rows, reason } = report;
      exported.push({ date: day.date, kind, id, requested: isNew, status, rows, reason });
      onProgress(exported.length);
    }
  }
  return exported;
}
