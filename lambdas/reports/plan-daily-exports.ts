import { job } from '../shared/runtime/job.ts';
import { exportsDeps } from './deps.ts';

export const handler = job(exportsDeps, (timeMs, { reports, settledAfterMs }) =>
  reports.requestDailyExports(timeMs - settledAfterMs),
);
