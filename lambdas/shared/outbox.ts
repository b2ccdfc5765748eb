import type { Envelope } from '../../events/envelope.ts';
import { absent, type Item, type Write } from './store.ts';

/** Events about one aggregate, carried by one outbox record: each item of a transaction is paid twice over. */
export interface Outgoing {
  readonly about: string;
  readonly events: readonly Envelope[];
  /** Instead of the usual 15 days, where the record is worth less: what it tells is told again in a moment. */
  readonly keptForS?: number;
  /** Attributes by which an index finds the record again. */
  readonly index?: Readonly<Record<string, string>>;
}

/** SQS keeps a message for 14 days, so nothing can ask for a record that is older than 15. */
const KEPT_FOR_S = 15 * 24 * 3600;

/** In seconds, as DynamoDB's TTL wants it. */
export const expiryOf = (now: number, keptForS = KEPT_FOR_S): number => Math.floor(now / 1000) + keptForS;

/**
 * The record that the relay reads from the stream. A nudged answer is a new record of the same event. `decides`: the
 * record alone says that the answer was given.
 */
export function outboxRecord({ about, events, keptForS, index }: Outgoing, now: number, decides: boolean): Write {
  const [first] = events;
  if (!first) throw new Error(`an outbox record about ${about} without events`);
  const asked = first.nudge === undefined ? '' : `#${first.nudge}`;
  return {
    op: 'put',
    item: {
      pk: about,
      sk: `OUTBOX#${first.id}${asked}`,
      events: JSON.stringify(events),
      expires_at: expiryOf(now, keptForS),
      // whoever looks for records by when they were written must know which of them go early
      ...(keptForS === undefined ? {} : { kept_for_s: keptForS }),
      ...index,
    },
    when: absent,
    ...(decides ? { decides } : {}),
  };
}

/** What an outbox record carries, in the order in which it was stated. */
export const eventsIn = (record: Item): Envelope[] => JSON.parse(String(record['events'])) as Envelope[];
