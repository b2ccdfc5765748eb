import * as z from 'zod/mini';
import { InvalidInput } from './problem.ts';

const MAX_LIMIT = 200;
const DEFAULT_LIMIT = 50;

/** `limit` and `cursor` of every list; they come as text. */
export const pageQuery = {
  limit: z.optional(
    z.pipe(
      z.string().check(z.regex(/^[1-9][0-9]{0,2}$/, `a whole number from 1 to ${MAX_LIMIT}`)),
      z.pipe(z.transform(Number), z.int().check(z.lte(MAX_LIMIT))),
    ),
  ),
  cursor: z.optional(z.string().check(z.regex(/^[A-Za-z0-9_-]{1,256}$/, 'not a cursor of this list'))),
};

export interface PageQuery {
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
}

export const limitOf = ({ limit }: PageQuery): number => limit ?? DEFAULT_LIMIT;

/** The sort value of the last row seen; of each, where a list is read from several. */
type CursorValue = string | number | readonly (string | number)[];

/** A cursor is what was seen last, in base64. Read within the list asked for, it can point nowhere else, whoever made it. */
export const createCursor = (sort: CursorValue): string => Buffer.from(JSON.stringify(sort)).toString('base64url');

/** `Link` to what follows, where the page is full. */
export function nextLink(
  path: string,
  query: Readonly<Record<string, string>>,
  page: PageQuery,
  last: CursorValue,
): Record<string, string> {
  const search = new URLSearchParams({ ...query, limit: String(limitOf(page)), cursor: createCursor(last) });
  return { Link: `<${path}?${search}>; rel="next"` };
}

/** What follows in a list that is read newest first. */
export function belowCursor<T extends string | number>(page: PageQuery, kind: z.ZodMiniType<T>): { below?: T } {
  const seen = parseCursor(page, kind);
  return seen === undefined ? {} : { below: seen };
}

/** What follows in a list that is read in its order. */
export function aboveCursor<T extends string | number>(page: PageQuery, kind: z.ZodMiniType<T>): { above?: T } {
  const seen = parseCursor(page, kind);
  return seen === undefined ? {} : { above: seen };
}

/** What a cursor points at, if it is of the kind that this list is sorted by. */
export function parseCursor<T extends CursorValue>({ cursor }: PageQuery, kind: z.ZodMiniType<T>): T | undefined {
  if (cursor === undefined) return undefined;
  try {
    const parsed = kind.safeParse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')));
    if (parsed.success) return parsed.data;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new InvalidInput([{ path: 'cursor', message: 'not a cursor of this list' }]);
}
