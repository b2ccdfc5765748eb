import { TickPlanned } from '../../events/payments/tick-planned.ts';
import { type Clock, iso } from '../shared/clock.ts';
import { count, logger } from '../shared/observability.ts';
import type { Send } from '../shared/sqs-sender.ts';
import { chunksOf, minuteOf, type Programme, type Tick, ticksOf } from './ticks.ts';

/** What planning a minute stands on. */
export interface Planning extends Programme {
  readonly chunks: () => Promise<number>;
  readonly send: Send;
  readonly clock: Clock;
}

/**
 * The ticks of the minute that the schedule's own time lies in, each chunk's as a message that is received when it is
 * due. A minute that is planned twice has the same ticks; one that is planned late, only those that are left of it.
 */
export async function planMinute(time: number, { chunks, send, clock, ...programme }: Planning): Promise<void> {
  const all = await chunks();
  const now = clock.now();
  const ticks = ticksOf(time, programme);
  const timely = ticks.filter(({ late_at }) => late_at >= now);
  let messages = 0;
  // one tick after the other: the first is due now, and a million users' are many messages
  for (const tick of timely) {
    const drawn = chunksOf(tick.id, all, programme);
    await send(drawn.map((chunk) => ({ body: JSON.stringify(planned(tick, chunk)), delayS: delayOf(tick, now) })));
    messages += drawn.length;
  }
  count('TicksPlanned', timely.length);
  count('TicksMissed', ticks.length - timely.length);
  logger.info('minute planned', { minute: minuteOf(time), ticks: timely.length, messages });
}

const delayOf = ({ due_at }: Tick, now: number): number => Math.max(0, Math.ceil((due_at - now) / 1000));

/** Its age counts from when it is due: what is put back for contention must not wait as if it were a minute old. */
const planned = ({ id, due_at, late_at }: Tick, chunk: number) =>
  TickPlanned.make(
    { tick: id, chunk, due_at: iso(due_at), late_at: iso(late_at) },
    { time: iso(due_at), correlation_id: `tick:${id}`, causation_id: `minute:${minuteOf(due_at)}` },
  );
