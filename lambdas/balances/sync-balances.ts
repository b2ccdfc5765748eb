import { job } from '../shared/runtime/job.ts';
import { syncDeps } from './deps.ts';
import { syncNext } from './sync.ts';

export const handler = job(syncDeps, (_time, deps) => syncNext(deps));
