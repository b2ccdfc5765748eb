import * as z from 'zod/mini';
import { OrderId } from '../../events/ids.ts';
import { route } from '../shared/http/route.ts';
import { Rejected } from '../shared/runtime/errors.ts';
import type { OrdersApiDeps } from './deps.ts';
import { OrderView } from './view.ts';
import { deliveriesOf, inCausalOrder, isExpired, stepsOf } from './workflow.ts';

const at = z.optional(z.string());

const StepView = z.object({ name: z.string(), status: z.enum(['done', 'active', 'failed', 'skipped']), at });

const EventView = z.object({
  id: z.string(),
  type: z.string(),
  source: z.string(),
  created_at: z.string(),
  causation_id: z.string(),
  nudge: z.optional(z.string()),
});

const DeliveryView = z.object({
  event_id: z.string(),
  type: z.string(),
  consumer: z.string(),
  status: z.enum(['done', 'in_flight', 'waiting', 'dead', 'overtaken']),
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
      steps: z.array(StepView),
      outbox: z.array(EventView),
      inbox: z.array(DeliveryView),
      decisions: z.array(z.object({ step: z.string(), decision: z.string(), at: z.string() })),
      /** The events are gone by their age; what was decided is all that is left. */
      expired: z.boolean(),
    }),
  },
  async ({ params: { id }, now }, { historyOf }: OrdersApiDeps) => {
    const left = await historyOf(id);
    if (!left.stored) throw new Rejected('order_not_found', `there is no order ${id}`, 404);
    const { order } = left.stored;
    return {
      order,
      steps: stepsOf(order, left),
      outbox: inCausalOrder(left.outbox).map(({ time, ...event }) => ({ ...event, created_at: time })),
      inbox: deliveriesOf(order, left, now),
      decisions: [...left.decisions],
      expired: isExpired(left, order, now),
    };
  },
);
