import middy from '@middy/core';
import type { ScheduledEvent } from 'aws-lambda';
import { observed } from './observability.ts';

/** A handler that the clock wakes; `time` is the schedule's own, so that a repeat is about the same moment. */
export const job = <Deps>(wire: () => Deps, act: (time: string, deps: Deps) => Promise<void>) => {
  let deps: Deps | undefined;
  return middy<ScheduledEvent, void>()
    .use(observed())
    .handler(async ({ time }) => {
      deps ??= wire();
      await act(time, deps);
    });
};
