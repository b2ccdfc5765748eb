import * as z from 'zod/mini';

const Rate = z._default(z.number().check(z.gte(0), z.lte(1)), 0);

/** Injected faults: each rate is a share of events, writes or calls, from 0 to 1. `latency_ms` delays each batch. */
export const Chaos = z.object({
  publish_failure: Rate,
  transaction_conflict: Rate,
  consumer_crash_before: Rate,
  consumer_crash_after: Rate,
  duplicate: Rate,
  latency_ms: z._default(z.int().check(z.gte(0), z.lte(60_000)), 0),
});
export type Chaos = z.infer<typeof Chaos>;

export const noFaults: Chaos = Chaos.parse({});
