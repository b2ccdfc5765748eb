import type { Envelope } from '../../../events/envelope.ts';
import { absent, type Row, type Write } from '../store/store.ts';

/** Events about one aggregate, carried by one outbox record: each item of a transaction is paid twice over. */
export interface Publication {
  readonly aggregate: string;
  readonly events: readonly Envelope[];
  /** Instead of the usual 15 days, where the record is worth less: what it tells is told again in a moment. */
  readonly ttlSeconds?: number;
  /** Attributes by which an index finds the record again. */
  readonly index?: Readonly<Record<string, string>>;
}

/** SQS keeps a message for 14 days, so nothing can ask for a record that is older than 15. */
const DEFAULT_TTL_SECONDS = 15 * 24 * 3600;

/** In seconds, as DynamoDB's TTL wants it. */
export const expiresAt = (now: number, keptForS = DEFAULT_TTL_SECONDS): number => Math.floor(now / 1000) + keptForS;

/**
 * The record that the relay reads from the stream. A nudged answer is a new record of the same event. `decides`: the
 * record alone says that the answer was given.
 */
export function createOutboxRecord(
  { aggregate, events, ttlSeconds, index }: Publication,
  now: number,
  decides: boolean,
): Write {
  const [first] = events;
  if (!first) throw new Error(`an outbox record about ${aggregate} without events`);
  const asked = first.nudge === undefined ? '' : `#${first.nudge}`;
  return {
    op: 'put',
    item: {
      pk: aggregate,
      sk: `OUTBOX#${first.id}${asked}`,
      events: JSON.stringify(events),
      expires_at: expiresAt(now, ttlSeconds),
      // whoever looks for records by when they were written must know which of them go early
      ...(ttlSeconds === undefined ? {} : { ttl_seconds: ttlSeconds }),
      ...index,
    },
    when: absent,
    ...(decides ? { decides } : {}),
  };
}

/** What an outbox record carries, in the order in which it was stated. */
export const parseOutboxRecord = (record: Row): Envelope[] => JSON.parse(String(record['events'])) as Envelope[];
