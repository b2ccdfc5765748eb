import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  assertSameRequest,
  createRequestIdentity,
  validateIdempotencyKey,
} from '../../../../lambdas/shared/http/idempotency.ts';
import { Rejected } from '../../../../lambdas/shared/runtime/errors.ts';
import { createRandomId, deriveId, hashOf } from '../../../../lambdas/shared/runtime/ids.ts';

describe('an id of ours', () => {
  test('is 26 letters and digits, whether derived or drawn', () => {
    for (const id of [createRandomId(), deriveId(), deriveId(''), deriveId('a', 'b')])
      expect(id).toMatch(/^[a-z2-7]{26}$/);
    expect(new Set(Array.from({ length: 1000 }, createRandomId)).size).toBe(1000);
  });

  test('is the same for the same parts, and for no others that merely run together alike', () => {
    expect(deriveId('a', 'b')).toBe(deriveId('a', 'b'));
    const lookalikes = [['ab', 'c'], ['a', 'bc'], ['abc'], ['a', 'b', 'c'], ['', 'abc'], ['abc', ''], ['1:a', 'bc']];
    expect(new Set(lookalikes.map((parts) => deriveId(...parts))).size).toBe(lookalikes.length);
  });

  test('differs for every two different lists of parts', () => {
    const parts = fc.array(fc.stringMatching(/^[ab:12]{0,4}$/), { maxLength: 4 });
    fc.assert(
      fc.property(parts, parts, (one, other) => {
        fc.pre(JSON.stringify(one) !== JSON.stringify(other));
        expect(deriveId(...one)).not.toBe(deriveId(...other));
      }),
    );
  });
});

describe('the hash of a body', () => {
  test('is equal for bodies that say the same in another order', () => {
    expect(hashOf({ a: 1, b: { c: [1, 2], d: null } })).toBe(hashOf({ b: { d: null, c: [1, 2] }, a: 1 }));
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (body) => {
        expect(hashOf(Object.fromEntries(Object.entries(body).toReversed()))).toBe(hashOf(body));
      }),
    );
  });

  test('tells apart what is not the same', () => {
    const bodies = [{}, [], null, 'null', 1, '1', { a: 1 }, { a: '1' }, [1, 2], [2, 1], [[1], 2], { a: { b: 1 } }];
    const more = [{ 'a":1,"b': 1 }, { a: 1, b: 1 }, { a: null }, { a: [] }, '\ud800', '\ud801', '\ufffd'];
    const all = [...bodies, ...more].map(hashOf);
    expect(new Set(all).size).toBe(all.length);
  });
});

describe('what a request makes', () => {
  test('is remembered by its caller, its route and its key, and by nothing of its body', () => {
    const id = (...[route, caller, key, body]: Parameters<typeof createRequestIdentity>) =>
      createRequestIdentity(route, caller, key, body).id;
    expect(id('POST /a', 'alice', 'k', 1)).toBe(id('POST /a', 'alice', 'k', 2));
    expect(
      new Set([id('POST /a', 'alice', 'k', 1), id('POST /b', 'alice', 'k', 1), id('POST /a', 'bob', 'k', 1)]).size,
    ).toBe(3);
  });

  test('without a key is new each time', () => {
    expect(createRequestIdentity('r', 'c', undefined, 1).id).not.toBe(createRequestIdentity('r', 'c', undefined, 1).id);
  });

  test('is the same request only with the same body', () => {
    const making = createRequestIdentity('r', 'c', 'k', { amount: 1 });
    expect(() => assertSameRequest({ body_hash: making.body_hash }, making)).not.toThrow();
    for (const row of [
      {},
      { body_hash: 'other' },
      { body_hash: createRequestIdentity('r', 'c', 'k', { amount: 2 }).body_hash },
    ]) {
      const refusal = (() => {
        try {
          assertSameRequest(row, making);
        } catch (error) {
          return error;
        }
      })();
      expect(refusal).toBeInstanceOf(Rejected);
      expect(refusal).toMatchObject({ status: 422, code: 'idempotency_key_reused' });
    }
  });

  test('needs no key', () => {
    expect(validateIdempotencyKey(undefined)).toBeUndefined();
  });
});
