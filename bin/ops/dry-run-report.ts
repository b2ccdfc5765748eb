import { reportStore } from '../../lambdas/reports/report-store.ts';
import { type RunPorts, runLimits } from '../../lambdas/reports/run.ts';
import type { Deadline } from '../../lambdas/shared/runtime/clock.ts';
import { unitOfWork } from '../../lambdas/shared/store/commit.ts';
import type { TablePorts } from '../../lambdas/shared/store/tables.ts';

/**
 * Returns the dependencies of a run that only starts: a dry run must read no whole table and write no file. A run that
 * would start is reported as a change of its report.
 */
export const createDryRunDeps =
  (ports: TablePorts) =>
  (deadline: Deadline): RunPorts => {
    const unavailable = async (): Promise<never> => {
      throw new Error('a dry run uses no bucket');
    };
    const objects: RunPorts['objects'] = {
      put: async () => undefined,
      get: unavailable,
      startUpload: unavailable,
      uploadPart: unavailable,
      completeUpload: unavailable,
      withDeadline: () => objects,
    };
    return {
      reports: {
        ...reportStore(unitOfWork(ports, deadline)),
        listParts: async () => [],
        advance: async (report) => ({ ...report, status: 'finished' }),
      },
      objects,
      sourceOf: () => ({ read: async () => ({ records: [] }) }),
      clock: ports.clock,
      limits: runLimits,
    };
  };
