import * as z from 'zod/mini';
import { InvalidInput } from './problem.ts';

const MAX_LIMIT = 200;
const DEFAULT_LIMIT = 50;

/** The query parameters of every list. They arrive as text. */
export const pageQuery = {
  limit: z.optional(
    z.pipe(
      z.string().check(z.regex(/^[1-9][0-9]{0,2}$/, `a whole number from 1 to ${MAX_LIMIT}`)),
      z.pipe(z.transform(Number), z.int().check(z.lte(MAX_LIMIT))),
    ),
  ),
  cursor: z.optional(z.string().check(z.regex(/^[A-Za-z0-9_-]{1,256}$/, 'must be a cursor of this list'))),
};

type PageQuery = { readonly [Name in keyof typeof pageQuery]?: z.infer<(typeof pageQuery)[Name]> };

export const limitOf = ({ limit }: PageQuery): number => limit ?? DEFAULT_LIMIT;

/** The sort value of the last row of a page, or one for each source of a list that is merged from several. */
type CursorValue = string | number | readonly (string | number)[];

/**
 * Encodes a cursor. It holds only a sort value and is applied within the list that is asked for, so a forged cursor
 * cannot point anywhere else.
 */
export const createCursor = (sortValue: CursorValue): string =>
  Buffer.from(JSON.stringify(sortValue)).toString('base64url');

export function nextLink(
  path: string,
  query: Readonly<Record<string, string>>,
  page: PageQuery,
  lastSortValue: CursorValue,
): Record<string, string> {
  const cursor = createCursor(lastSortValue);
  const search = new URLSearchParams({ ...query, limit: String(limitOf(page)), cursor });
  return { Link: `<${path}?${search}>; rel="next"` };
}

/** Decodes the cursor. Throws if its value is not of the type that this list is sorted by. */
export function parseCursor<T extends CursorValue>({ cursor }: PageQuery, schema: z.ZodMiniType<T>): T | undefined {
  if (cursor === undefined) return undefined;
  try {
    const parsed = schema.safeParse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')));
    if (parsed.success) return parsed.data;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new InvalidInput([{ path: 'cursor', message: 'must be a cursor of this list' }]);
}
