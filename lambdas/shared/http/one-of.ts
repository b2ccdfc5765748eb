import type * as z from 'zod/mini';

/** An object's schema, whose fields can be told. */
type ObjectSchema<T> = z.ZodMiniType<T> & { readonly shape: Readonly<Record<string, unknown>> };

/** A body of one of two kinds. What is neither is checked as the kind that it is closer to, and hears the faults of that. */
export interface OneOf<B> {
  readonly oneOf: readonly z.ZodMiniType<B>[];
  closest(value: unknown): z.ZodMiniType<B>;
}

/**
 * The kind that knows more of the body's fields. Where both know as many, `mark` tells: a field that only the other
 * kind has, and always.
 */
export function oneOf<Usual, Other>(
  usual: ObjectSchema<Usual>,
  other: ObjectSchema<Other>,
  mark: string,
): OneOf<Usual | Other> {
  return {
    oneOf: [usual, other],
    closest: (value) => {
      const names = typeof value === 'object' && value !== null ? Object.keys(value) : [];
      const known = ({ shape }: ObjectSchema<unknown>) => names.filter((name) => Object.hasOwn(shape, name)).length;
      const lead = known(other) - known(usual);
      return lead > 0 || (lead === 0 && names.includes(mark)) ? other : usual;
    },
  };
}
