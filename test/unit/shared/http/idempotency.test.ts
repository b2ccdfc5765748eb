import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  assertSameRequest,
  createRequestIdentity,
  validateIdempotencyKey,
} from '../../../../lambdas/shared/http/idempotency.ts';
import { Rejected } from '../../../../lambdas/shared/runtime/errors.ts';
import { createRandomId, deriveId, hashOf } from '../../../../lambdas/shared/runtime/ids.ts';

describe('ids', () => {
  test('consist of 26 letters and digits, whether derived or random', () => {
    for (const id of [createRandomId(), deriveId(), deriveId(''), deriveId('a', 'b')])
      expect(id).toMatch(/^[a-z2-7]{26}$/);
    expect(new Set(Array.from({ length: 1000 }, createRandomId)).size).toBe(1000);
  });

  test('are equal for equal parts, and differ for parts with the same concatenation', () => {
    expect(deriveId('a', 'b')).toBe(deriveId('a', 'b'));
    const similarParts = [['ab', 'c'], ['a', 'bc'], ['abc'], ['a', 'b', 'c'], ['', 'abc'], ['abc', ''], ['1:a', 'bc']];
    expect(new Set(similarParts.map((parts) => deriveId(...parts))).size).toBe(similarParts.length);
  });

  test('differ for any two different lists of parts', () => {
    const parts = fc.array(fc.stringMatching(/^[ab:12]{0,4}$/), { maxLength: 4 });
    fc.assert(
      fc.property(parts, parts, (a, b) => {
        fc.pre(JSON.stringify(a) !== JSON.stringify(b));
        expect(deriveId(...a)).not.toBe(deriveId(...b));
      }),
    );
  });
});

describe('the hash of a body', () => {
  test('is equal for bodies whose fields are in another order', () => {
    expect(hashOf({ a: 1, b: { c: [1, 2], d: null } })).toBe(hashOf({ b: { d: null, c: [1, 2] }, a: 1 }));
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (body) => {
        expect(hashOf(Object.fromEntries(Object.entries(body).toReversed()))).toBe(hashOf(body));
      }),
    );
  });

  test('differs for different bodies', () => {
    const bodies = [{}, [], null, 'null', 1, '1', { a: 1 }, { a: '1' }, [1, 2], [2, 1], [[1], 2], { a: { b: 1 } }];
    const more = [{ 'a":1,"b': 1 }, { a: 1, b: 1 }, { a: null }, { a: [] }, '\ud800', '\ud801', '\ufffd'];
    const all = [...bodies, ...more].map(hashOf);
    expect(new Set(all).size).toBe(all.length);
  });
});

describe('request identity', () => {
  test('derives its id from route, caller and key, and not from the body', () => {
    const id = (...[route, caller, key, body]: Parameters<typeof createRequestIdentity>) =>
      createRequestIdentity(route, caller, key, body).id;
    expect(id('POST /a', 'alice', 'k', 1)).toBe(id('POST /a', 'alice', 'k', 2));
    expect(
      new Set([id('POST /a', 'alice', 'k', 1), id('POST /b', 'alice', 'k', 1), id('POST /a', 'bob', 'k', 1)]).size,
    ).toBe(3);
  });

  test('has a new id each time without a key', () => {
    expect(createRequestIdentity('r', 'c', undefined, 1).id).not.toBe(createRequestIdentity('r', 'c', undefined, 1).id);
  });

  test('rejects a reused key with 422 unless the body is the same', () => {
    const identity = createRequestIdentity('r', 'c', 'k', { amount: 1 });
    expect(() => assertSameRequest({ body_hash: identity.body_hash }, identity)).not.toThrow();
    for (const row of [
      {},
      { body_hash: 'other' },
      { body_hash: createRequestIdentity('r', 'c', 'k', { amount: 2 }).body_hash },
    ]) {
      const rejection = (() => {
        try {
          assertSameRequest(row, identity);
        } catch (error) {
          return error;
        }
      })();
      expect(rejection).toBeInstanceOf(Rejected);
      expect(rejection).toMatchObject({ status: 422, code: 'idempotency_key_reused' });
    }
  });

  test('accepts a request without a key', () => {
    expect(validateIdempotencyKey(undefined)).toBeUndefined();
  });
});
