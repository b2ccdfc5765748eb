import type { Clock } from '../shared/runtime/clock.ts';
import type { ObjectStore } from './object-store.ts';
import type { Report } from './report.ts';
import type { ReportStore, RunEvent } from './report-store.ts';
import type { Source } from './source.ts';

/** The sizes and times of a run. Tests use smaller ones. */
export interface RunLimits {
  /** The compressed size at which a part ends, and at which a part of the file's upload ends. */
  readonly partBytes: number;
  readonly uploadBytes: number;
  /** The time after which a part ends, so that a crash repeats no more than that. */
  readonly partMs: number;
  /** The time before the deadline at which a run ends. The rest is for writing its last part. */
  readonly reserveMs: number;
}

export const runLimits: RunLimits = {
  partBytes: 4 * 2 ** 20,
  // S3 refuses smaller parts of an upload, except for the last one.
  uploadBytes: 5 * 2 ** 20,
  partMs: 5000,
  reserveMs: 10_000,
};

export interface RunPorts {
  readonly reports: ReportStore;
  readonly objects: ObjectStore;
  readonly sourceOf: (report: Report) => Source;
  readonly clock: Clock;
  readonly limits: RunLimits;
}

/** A run in progress. */
export interface Run extends RunPorts {
  readonly event: RunEvent;
  readonly worker: string;
  /** In ms since the epoch. The first step that ends after it is the last one. */
  readonly endsMs: number;
}
