import * as z from 'zod/mini';
import { OrderId } from '../../events/ids.ts';
import { route } from '../shared/http/route.ts';
import type { OrdersApiDeps } from './deps.ts';
import { OrderView } from './view.ts';
import { deliveriesOf, inCausalOrder, isExpired, STEP_STATUSES, stepsOf } from './workflow.ts';

const time = z.optional(z.string());

const StepView = z.object({ name: z.string(), status: z.enum(STEP_STATUSES), at: time });

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
  status: z.enum(['done', 'in_flight', 'waiting', 'dead', 'superseded']),
  created_at: z.string(),
  published_at: time,
  received_at: time,
  processed_at: time,
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
      /** Whether the events have expired, so that only the decisions remain. */
      expired: z.boolean(),
    }),
  },
  async ({ params: { id }, now }, { historyOf }: OrdersApiDeps) => {
    const history = await historyOf(id);
    return {
      order: history.order,
      steps: stepsOf(history),
      outbox: inCausalOrder(history.outbox).map(({ time, ...event }) => ({ ...event, created_at: time })),
      inbox: deliveriesOf(history, now),
      decisions: [...history.decisions],
      expired: isExpired(history, now),
    };
  },
);
