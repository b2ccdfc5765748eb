import { systemClock } from '../shared/clock.ts';
import { readEnv } from '../shared/env.ts';
import { job } from '../shared/job.ts';
import type { Patience } from '../shared/receipt.ts';
import { sqsSender } from '../shared/sqs-sender.ts';
import { programmeDeps } from './deps.ts';
import { PlanEnv } from './env.ts';
import { type Planning, planMinute } from './plan.ts';

const planningDeps = () => {
  const deps = programmeDeps();
  const { TICKS_QUEUE_URL, TICK_INTERVAL_S, CHUNKS_PER_TICK } = readEnv(PlanEnv);
  const send = sqsSender(TICKS_QUEUE_URL);
  return (call: Patience): Planning => ({
    chunks: deps(call).programme.chunks,
    send,
    clock: systemClock,
    intervalS: Number(TICK_INTERVAL_S),
    chunksPerTick: CHUNKS_PER_TICK === 'all' ? 'all' : Number(CHUNKS_PER_TICK),
  });
};

export const handler = job(planningDeps, planMinute);
