import * as z from 'zod/mini';
import { defineEvent } from '../envelope.ts';
import { Chunk } from './balances-updated.ts';

/** The minute and the index of the tick in it: `20260101T1200-03` is the fourth tick of that minute. */
const TickId = z
  .string()
  .check(z.regex(/^\d{8}T\d{4}-\d{1,2}$/, 'a minute and an index, for example 20260101T1200-03'));

/**
 * A tick is to update a chunk. The event is sent directly to its queue with a delay until it is due, since EventBridge
 * has no delays.
 */
export const TickPlanned = defineEvent({
  source: 'payments',
  type: 'TickPlanned',
  version: 1,
  schema: z.object({
    tick: TickId,
    chunk: Chunk,
    due_at: z.iso.datetime(),
    /** The time at which the next tick is due. An update that has not started by then is dropped. */
    deadline_at: z.iso.datetime(),
  }),
  identityOf: ({ tick, chunk }) => `${tick}:${chunk}`,
});
