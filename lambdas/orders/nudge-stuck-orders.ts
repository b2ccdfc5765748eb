import { job } from '../shared/runtime/job.ts';
import { sweepDeps } from './deps.ts';

export const handler = job(sweepDeps, (time, { orders, stuckAfterMinutes }) =>
  orders.nudgeStuck(time, stuckAfterMinutes),
);
