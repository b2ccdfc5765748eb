import middy from '@middy/core';
import type { ScheduledEvent } from 'aws-lambda';
import type { Deadline } from './clock.ts';
import { observability } from './observability.ts';

/** The share of the function's time during which it works. The rest is for its last log lines and metrics. */
const DEADLINE_SHARE = 0.9;

/**
 * Creates the handler of a schedule. `timeMs` is the schedule's own time, so a repeated call is about the same moment.
 */
export const job = <Deps>(
  createDeps: () => (deadline: Deadline) => Deps,
  run: (timeMs: number, deps: Deps) => Promise<unknown>,
) => {
  let depsFor: ((deadline: Deadline) => Deps) | undefined;
  return middy<ScheduledEvent, void>()
    .use(observability())
    .handler(async ({ time }, context) => {
      depsFor ??= createDeps();
      const deadlineMs = Date.now() + context.getRemainingTimeInMillis() * DEADLINE_SHARE;
      await run(Date.parse(time), depsFor({ deadlineMs }));
    });
};
