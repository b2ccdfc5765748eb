import * as z from 'zod/mini';

/** A text that becomes part of a key, or of a record that must also hold a document. Actual values are far shorter. */
const ShortText = z.string().check(z.maxLength(300));

/**
 * The fields that every event carries around its data. The id is derived from what the event says, so publishing it
 * again gives the same id, and the receipts of its consumers make the repeat harmless. `correlation_id` is the same for
 * all events of one order; `causation_id` is the id of the event or request that caused this one.
 */
export const Envelope = z.object({
  id: z.string().check(z.minLength(3), z.maxLength(300)),
  type: z.string(),
  version: z.int(),
  time: z.iso.datetime(),
  /** Set by the relay when it sends the event to the bus. It is absent in the outbox record. */
  published_at: z.optional(z.iso.datetime()),
  source: z.string(),
  correlation_id: ShortText,
  causation_id: ShortText,
  /** Asks a step that has decided already to publish its answer again. The value identifies this nudge. */
  nudge: z.optional(ShortText),
  data: z.unknown(),
});

export type Envelope<D = unknown> = Omit<z.infer<typeof Envelope>, 'data'> & { data: D };

/** The cause of an event: the request or event that led to it, and the correlation that it belongs to. */
export interface Cause {
  time: string;
  correlation_id: string;
  causation_id: string;
  nudge?: string | undefined;
}

/** A declared event: producers call `make`, consumers parse with `schema`, and CDK subscribes with `pattern`. */
export interface EventDefinition<D = unknown, T extends string = string> {
  readonly source: string;
  readonly type: T;
  readonly version: number;
  readonly schema: z.ZodMiniType<D>;
  readonly pattern: { readonly source: string[]; readonly detailType: string[] };
  make(data: D, cause: Cause): Envelope<D> & { type: T };
}

/** The envelope of any of these events. `type` discriminates between them. */
export type EventOf<E extends EventDefinition> =
  E extends EventDefinition<infer D, infer T> ? Envelope<D> & { type: T } : never;

/**
 * Declares an event. The id of an event is its type and the result of `identityOf`, which derives from the data what
 * never changes for this fact, for example an order's id, or a SKU and its version.
 */
export function defineEvent<const T extends string, D>({
  source,
  type,
  version,
  schema,
  identityOf,
}: Omit<EventDefinition<D, T>, 'pattern' | 'make'> & {
  readonly identityOf: (data: D) => string;
}): EventDefinition<D, T> {
  return {
    source,
    type,
    version,
    schema,
    pattern: { source: [source], detailType: [type] },
    make: (data, { time, correlation_id, causation_id, nudge }) => ({
      id: `${type}:${identityOf(data)}`,
      type,
      version,
      time,
      source,
      correlation_id,
      causation_id,
      ...(nudge === undefined ? {} : { nudge }),
      data: schema.parse(data),
    }),
  };
}
