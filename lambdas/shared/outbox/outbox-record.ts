import type { Envelope } from '../../../events/envelope.ts';
import { absent, type Row, type Write } from '../store/store.ts';

/**
 * Events about one aggregate. They share one outbox record, since a transaction doubles the write units of each item.
 */
export interface Publication {
  /** The partition key of the aggregate, for example `ORDER#<id>`. */
  readonly aggregate: string;
  readonly events: readonly Envelope[];
  /** Replaces the default of 15 days for records that lose their use sooner. */
  readonly ttlSeconds?: number;
  /** Attributes by which an index finds the record. */
  readonly index?: Readonly<Record<string, string>>;
}

/** 15 days: SQS keeps a message for 14 days at most, so nothing can refer to an older record. */
const DEFAULT_TTL_SECONDS = 15 * 24 * 3600;

/** Returns the value of the TTL attribute, in seconds since the epoch. */
export const expiresAt = (nowMs: number, ttlSeconds = DEFAULT_TTL_SECONDS): number =>
  Math.floor(nowMs / 1000) + ttlSeconds;

/**
 * Creates the record that the relay reads from the stream. A nudge is part of its key, so an answer to a nudge is a new
 * record of the same event. With `isDecision`, the record itself shows that the answer was given.
 */
export function createOutboxRecord(publication: Publication, nowMs: number, isDecision: boolean): Write {
  const { aggregate, events, ttlSeconds, index } = publication;
  const [first] = events;
  if (!first) throw new Error(`an outbox record of ${aggregate} without events`);
  const nudge = first.nudge === undefined ? '' : `#${first.nudge}`;
  return {
    op: 'put',
    row: {
      pk: aggregate,
      sk: `OUTBOX#${first.id}${nudge}`,
      events: JSON.stringify(events),
      expires_at: expiresAt(nowMs, ttlSeconds),
      // A search by time of writing derives that time from the expiry, so it must know a shorter TTL.
      ...(ttlSeconds === undefined ? {} : { ttl_seconds: ttlSeconds }),
      ...index,
    },
    when: absent,
    ...(isDecision ? { decides: true } : {}),
  };
}

/** Returns the events of an outbox record in the order of their publication. */
export const parseOutboxRecord = (record: Row): Envelope[] => JSON.parse(String(record['events'])) as Envelope[];
