import { TickPlanned } from '../../../events/payments/tick-planned.ts';
import type { Send } from '../../shared/messaging/sqs-sender.ts';
import { type Clock, toIso } from '../../shared/runtime/clock.ts';
import { count, logger } from '../../shared/runtime/observability.ts';
import { drawChunks, type Tick, type TickSchedule, ticksOfMinute, toMinute } from './tick.ts';

export interface PlanPorts extends TickSchedule {
  readonly countChunks: () => Promise<number>;
  readonly send: Send;
  readonly clock: Clock;
}

/**
 * Plans the ticks of the minute that contains `timeMs`, the time of the scheduled event. Sends one message for each
 * chunk of each tick, with a delay until the tick is due. A minute that is planned twice has the same ticks. If it is
 * planned late, the ticks whose deadline has passed are left out.
 */
export async function planMinute(timeMs: number, { countChunks, send, clock, ...schedule }: PlanPorts): Promise<void> {
  const chunkCount = await countChunks();
  const now = clock.now();
  const ticks = ticksOfMinute(timeMs, schedule);
  const planned = ticks.filter(({ deadline_at }) => deadline_at >= now);
  let messages = 0;
  // The messages of the first tick are sent first, because it is due now, and a million users need many messages.
  for (const tick of planned) {
    const chunks = drawChunks(tick.id, chunkCount, schedule);
    const delaySeconds = Math.max(0, Math.ceil((tick.due_at - now) / 1000));
    await send(chunks.map((chunk) => ({ body: JSON.stringify(createTickPlanned(tick, chunk)), delaySeconds })));
    messages += chunks.length;
  }
  count('TicksPlanned', planned.length);
  count('TicksMissed', ticks.length - planned.length);
  logger.info('minute planned', { minute: toMinute(timeMs), ticks: planned.length, messages });
}

/**
 * Creates the message of one chunk. Its `time` is the time at which the tick is due, because the age of a requeued
 * message is counted from `time`, and its delay grows with its age.
 */
const createTickPlanned = ({ id, due_at, deadline_at }: Tick, chunk: number) =>
  TickPlanned.make(
    { tick: id, chunk, due_at: toIso(due_at), deadline_at: toIso(deadline_at) },
    { time: toIso(due_at), correlation_id: `tick:${id}`, causation_id: `minute:${toMinute(due_at)}` },
  );
