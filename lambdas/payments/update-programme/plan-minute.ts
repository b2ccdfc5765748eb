import { TickPlanned } from '../../../events/payments/tick-planned.ts';
import type { Send } from '../../shared/messaging/sqs-sender.ts';
import { type Clock, toIso } from '../../shared/runtime/clock.ts';
import { count, logger } from '../../shared/runtime/observability.ts';
import { chunksOf, type Tick, type TickSchedule, ticksOf, toMinute } from './tick.ts';

/** What planning a minute stands on. */
export interface PlanPorts extends TickSchedule {
  readonly chunks: () => Promise<number>;
  readonly send: Send;
  readonly clock: Clock;
}

/**
 * The ticks of the minute that the schedule's own time lies in, each chunk's as a message that is received when it is
 * due. A minute that is planned twice has the same ticks; one that is planned late, only those that are left of it.
 */
export async function planMinute(time: number, { chunks, send, clock, ...programme }: PlanPorts): Promise<void> {
  const all = await chunks();
  const now = clock.now();
  const ticks = ticksOf(time, programme);
  const timely = ticks.filter(({ deadline_at }) => deadline_at >= now);
  let messages = 0;
  // one tick after the other: the first is due now, and a million users' are many messages
  for (const tick of timely) {
    const drawn = chunksOf(tick.id, all, programme);
    await send(
      drawn.map((chunk) => ({
        body: JSON.stringify(createTickPlanned(tick, chunk)),
        delaySeconds: delaySecondsOf(tick, now),
      })),
    );
    messages += drawn.length;
  }
  count('TicksPlanned', timely.length);
  count('TicksMissed', ticks.length - timely.length);
  logger.info('minute planned', { minute: toMinute(time), ticks: timely.length, messages });
}

const delaySecondsOf = ({ due_at }: Tick, now: number): number => Math.max(0, Math.ceil((due_at - now) / 1000));

/** Its age counts from when it is due: what is put back for contention must not wait as if it were a minute old. */
const createTickPlanned = ({ id, due_at, deadline_at }: Tick, chunk: number) =>
  TickPlanned.make(
    { tick: id, chunk, due_at: toIso(due_at), deadline_at: toIso(deadline_at) },
    { time: toIso(due_at), correlation_id: `tick:${id}`, causation_id: `minute:${toMinute(due_at)}` },
  );
