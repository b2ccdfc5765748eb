import { describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { createCursor, limitOf, nextLink, pageQuery, parseCursor } from '../../../../lambdas/shared/http/paging.ts';
import { InvalidInput } from '../../../../lambdas/shared/http/problem.ts';

const Query = z.strictObject(pageQuery);
const encoded = (text: string) => Buffer.from(text).toString('base64url');

describe('a page', () => {
  test('has 50 rows by default and at most 200', () => {
    expect(limitOf({})).toBe(50);
    for (const [text, limit] of [
      ['1', 1],
      ['50', 50],
      ['200', 200],
    ] as const)
      expect(limitOf(Query.parse({ limit: text }))).toBe(limit);
    for (const text of ['0', '201', '999', '1000', '-1', '1.5', '1e2', ' 1', '01', '', 'ten'])
      expect(Query.safeParse({ limit: text }).success, text).toBe(false);
  });

  test('starts below the last row of the previous page', () => {
    for (const sort of ['2026-01-01#abc', 'ä😀', ''])
      expect(parseCursor({ cursor: createCursor(sort) }, z.string())).toBe(sort);
    expect(parseCursor({ cursor: createCursor(10 ** 15) }, z.int())).toBe(10 ** 15);
    expect(parseCursor({}, z.int())).toBeUndefined();
  });

  test('links to the next page with the same query, URL-encoded', () => {
    const { Link } = nextLink('/orders', { user_id: 'a+b@c' }, { limit: 2 }, 'x#y');
    const url = new URL(String(Link?.match(/^<(.*)>; rel="next"$/)?.[1]), 'http://localhost');
    expect(Object.fromEntries(url.searchParams)).toEqual({ user_id: 'a+b@c', limit: '2', cursor: createCursor('x#y') });
    expect(Query.safeParse({ limit: '2', cursor: url.searchParams.get('cursor') }).success).toBe(true);
  });
});

describe('a cursor', () => {
  const expectRejected = (cursor: string, kind: z.ZodMiniType<string | number> = z.int()) =>
    expect(() => parseCursor({ cursor }, kind), cursor).toThrow(InvalidInput);

  test('is rejected if it belongs to another list', () => {
    expectRejected(createCursor('2026-01-01#abc'), z.int());
    expectRejected(createCursor(7), z.string());
  });

  test('is rejected if it is malformed', () => {
    for (const text of ['{"pk":"ACCOUNT#bob"}', '[1]', 'null', '1.5', '1e400', '{', '', 'true'])
      expectRejected(encoded(text));
    expectRejected('!!!');
    for (const text of ['', 'a b', 'a/b', 'a=', 'x'.repeat(257)])
      expect(Query.safeParse({ cursor: text }).success).toBe(false);
  });
});
