import middy from '@middy/core';
import type { ScheduledEvent } from 'aws-lambda';
import { observed } from './observability.ts';
import type { Patience } from './receipt.ts';

/** A job gives contention up after half of its time; the next run goes on where it stopped. */
const PATIENCE = 0.5;

/** A handler that the clock wakes; `time` is the schedule's own, so that a repeat is about the same moment. */
export const job = <Deps>(
  wire: () => (call: Patience) => Deps,
  act: (time: number, deps: Deps) => Promise<unknown>,
) => {
  let deps: ((call: Patience) => Deps) | undefined;
  return middy<ScheduledEvent, void>()
    .use(observed())
    .handler(async ({ time }, context) => {
      deps ??= wire();
      await act(Date.parse(time), deps({ deadline: Date.now() + context.getRemainingTimeInMillis() * PATIENCE }));
    });
};
