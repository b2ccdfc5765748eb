import * as z from 'zod/mini';
import { defineEvent } from '../envelope.ts';
import { Chunk } from './balances-updated.ts';

/** `20260101T1200-03`: the fourth tick of that minute. */
export const TickId = z.string().check(z.regex(/^\d{8}T\d{4}-\d{1,2}$/, 'the minute and the place in it'));

/**
 * A chunk has its turn in a tick. Put straight onto its queue, to be received when it is due: the bus knows no delays.
 */
export const TickPlanned = defineEvent(
  'payments',
  'TickPlanned',
  1,
  z.object({
    tick: TickId,
    chunk: Chunk,
    due_at: z.iso.datetime(),
    /** By then the next tick has its turn: one that has not begun is dropped. */
    deadline_at: z.iso.datetime(),
  }),
  ({ tick, chunk }) => `${tick}:${chunk}`,
);
export type TickPlanned = z.infer<typeof TickPlanned.schema>;
