import * as z from 'zod/mini';
import { OrderId } from '../../events/ids.ts';
import { Rejected } from '../shared/errors.ts';
import { route } from '../shared/route.ts';
import type { OrdersDoors } from './deps.ts';
import { OrderView } from './view.ts';
import { hasFaded, hopsOf, inOrder, stepsOf } from './workflow.ts';

const at = z.optional(z.string());

const Step = z.object({ name: z.string(), status: z.enum(['done', 'active', 'failed', 'skipped']), at });

const Statement = z.object({
  id: z.string(),
  type: z.string(),
  source: z.string(),
  created_at: z.string(),
  causation_id: z.string(),
  nudge: z.optional(z.string()),
});

const Hop = z.object({
  event_id: z.string(),
  type: z.string(),
  consumer: z.string(),
  status: z.enum(['done', 'under way', 'waiting', 'dead', 'overtaken']),
  created_at: z.string(),
  published_at: at,
  received_at: at,
  processed_at: at,
  receive_count: z.optional(z.int()),
  reason: z.optional(z.string()),
});

export const showWorkflow = route(
  {
    params: z.strictObject({ id: OrderId }),
    returns: z.object({
      order: OrderView,
      steps: z.array(Step),
      outbox: z.array(Statement),
      inbox: z.array(Hop),
      decisions: z.array(z.object({ step: z.string(), as: z.string(), at: z.string() })),
      /** The events are gone by their age; what was decided is all that is left. */
      faded: z.boolean(),
    }),
  },
  async ({ params: { id }, now }, { trail }: OrdersDoors) => {
    const left = await trail(id);
    if (!left.kept) throw new Rejected('order_not_found', `there is no order ${id}`, 404);
    const { order } = left.kept;
    return {
      order,
      steps: stepsOf(order, left),
      outbox: inOrder(left.outbox).map(({ time, ...event }) => ({ ...event, created_at: time })),
      inbox: hopsOf(order, left, now),
      decisions: [...left.decisions],
      faded: hasFaded(left, order, now),
    };
  },
);
