import * as z from 'zod/mini';

/** Part of a key or of a record that has room for a document besides. Ours are far shorter. */
const name = z.string().check(z.maxLength(300));

/**
 * What every event carries around its data. `id` derives from what the event states, so stating it again gives the
 * same id and a consumer's receipt makes the repeat harmless. `correlation_id` follows one order everywhere,
 * `causation_id` is the event or request that made this one.
 */
export const Envelope = z.object({
  id: z.string().check(z.minLength(3), z.maxLength(300)),
  type: z.string(),
  version: z.int(),
  time: z.iso.datetime(),
  /** Stamped by the relay when the event leaves the outbox; absent in the outbox itself. */
  published_at: z.optional(z.iso.datetime()),
  source: z.string(),
  correlation_id: name,
  causation_id: name,
  /** Asks a step that has decided already to answer again from its decision; its value names the asking. */
  nudge: z.optional(name),
  data: z.unknown(),
});

export type Envelope<D = unknown> = Omit<z.infer<typeof Envelope>, 'data'> & { data: D };

/** Why an event is made: the request or event that caused it, and the thread that it belongs to. */
export interface Cause {
  time: string;
  correlation_id: string;
  causation_id: string;
  nudge?: string | undefined;
}

/** One object for everybody: producers call `make`, consumers parse with `schema`, CDK subscribes with `pattern`. */
export interface EventDefinition<D = unknown, T extends string = string> {
  readonly source: string;
  readonly type: T;
  readonly version: number;
  readonly schema: z.ZodMiniType<D>;
  readonly pattern: { readonly source: string[]; readonly detailType: string[] };
  make(data: D, cause: Cause): Envelope<D> & { type: T };
}

/** The envelope of any of these events, told apart by `type`. */
export type EventOf<E extends EventDefinition> =
  E extends EventDefinition<infer D, infer T> ? Envelope<D> & { type: T } : never;

/**
 * Declares an event. `states` names the fact in words that never change for it (an order's id, a sku and its version):
 * together with the type it is the event's id.
 */
export function defineEvent<const T extends string, D>(
  source: string,
  type: T,
  version: number,
  schema: z.ZodMiniType<D>,
  states: (data: D) => string,
): EventDefinition<D, T> {
  return {
    source,
    type,
    version,
    schema,
    pattern: { source: [source], detailType: [type] },
    make: (data, { time, correlation_id, causation_id, nudge }) => ({
      id: `${type}:${states(data)}`,
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
