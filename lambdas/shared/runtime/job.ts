import middy from '@middy/core';
import type { ScheduledEvent } from 'aws-lambda';
import type { Deadline } from '../messaging/receipt.ts';
import { observability } from './observability.ts';

/** A job gives contention up after half of its time; the next run goes on where it stopped. */
const DEADLINE_SHARE = 0.5;

/** A handler that the clock wakes; `time` is the schedule's own, so that a repeat is about the same moment. */
export const job = <Deps>(
  createDeps: () => (call: Deadline) => Deps,
  run: (time: number, deps: Deps) => Promise<unknown>,
) => {
  let deps: ((call: Deadline) => Deps) | undefined;
  return middy<ScheduledEvent, void>()
    .use(observability())
    .handler(async ({ time }, context) => {
      deps ??= createDeps();
      await run(
        Date.parse(time),
        deps({ deadlineMs: Date.now() + context.getRemainingTimeInMillis() * DEADLINE_SHARE }),
      );
    });
};
