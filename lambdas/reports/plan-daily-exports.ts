import { job } from '../shared/runtime/job.ts';
import { exportsDeps } from './deps.ts';

export const handler = job(exportsDeps, async (timeMs, { reports, settledAfterMs }) => {
  await reports.requestDailyExports(timeMs - settledAfterMs);
  await reports.repeatLostRuns(timeMs);
});
