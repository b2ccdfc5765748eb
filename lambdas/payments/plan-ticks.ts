import { createSqsSender } from '../shared/messaging/sqs-sender.ts';
import type { Deadline } from '../shared/runtime/clock.ts';
import { systemClock } from '../shared/runtime/clock.ts';
import { readEnv } from '../shared/runtime/env.ts';
import { job } from '../shared/runtime/job.ts';
import { programmeDeps } from './deps.ts';
import { PlanEnv } from './env.ts';
import { type PlanPorts, planMinute } from './update-programme/plan-minute.ts';

const createPlanDeps = () => {
  const createDeps = programmeDeps();
  const { TICKS_QUEUE_URL, TICK_INTERVAL_S, CHUNKS_PER_TICK } = readEnv(PlanEnv);
  const createSend = createSqsSender(TICKS_QUEUE_URL);
  return (deadline: Deadline): PlanPorts => ({
    countChunks: createDeps(deadline).programme.countChunks,
    send: createSend(deadline.deadlineMs),
    clock: systemClock,
    intervalS: Number(TICK_INTERVAL_S),
    chunksPerTick: CHUNKS_PER_TICK === 'all' ? 'all' : Number(CHUNKS_PER_TICK),
  });
};

export const handler = job(createPlanDeps, planMinute);
