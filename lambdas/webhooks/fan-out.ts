import { logger } from '../shared/runtime/observability.ts';
import type { FanOutDeps } from './deps.ts';
import { type Delivery, type SourceEvent, toOrderEvent } from './order-event.ts';

/**
 * Sends a message for each webhook that gets the event, so that each delivery succeeds or fails alone. If it is
 * repeated, the messages are sent again, and receivers recognize the id of the event.
 */
export async function fanOut(
  event: SourceEvent,
  { listAll, disableIfUnused, keepEnabled, send }: FanOutDeps,
): Promise<void> {
  const orderEvent = toOrderEvent(event);
  const webhooks = await listAll();
  if (webhooks.length === 0) return disableIfUnused();
  // A request that failed may have left a rule disabled. The event at hand has arrived, so a failure does not stop it,
  // and the next event tries again.
  await keepEnabled().catch((error: unknown) => {
    logger.warn('the rules of order events could not be enabled', { error });
  });
  const receiving = webhooks.filter(
    ({ events, health }) => events.includes(orderEvent.type) && health.disabled_at === undefined,
  );
  if (receiving.length === 0) return;
  const deliveries = receiving.map(({ id }): Delivery => ({ webhook_id: id, event: orderEvent }));
  await send(deliveries.map((delivery) => ({ body: JSON.stringify(delivery), delaySeconds: 0 })));
}
