import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { Busy } from '../../lambdas/shared/runtime/errors.ts';
import {
  absent,
  type Index,
  type Key,
  type Row,
  type Store,
  versionIs,
  type Write,
  WriteRefused,
  withConflicts,
} from '../../lambdas/shared/store/store.ts';

/** The index of the table under test. Its sort key is a number, because numbers sort differently from text. */
export const contractIndex: Index = { name: 'by_owner', partitionKey: 'owner', sortKey: 'rank' };

const put = (row: Row, when?: Extract<Write, { op: 'put' }>['when']): Write => ({
  op: 'put',
  row,
  ...(when ? { when } : {}),
});

/** Waits for a refusal and returns the reason of each write. */
async function reasonsOfRefusal(work: Promise<void>): Promise<WriteRefused['reasons']> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof WriteRefused)) throw new Error(`expected a refusal, got ${String(error)}`);
  return error.reasons;
}

/**
 * Tests the behaviour that every adapter of `Store` must have. The table may hold rows of other tests, because each
 * test uses a partition of its own.
 */
export function storeContract(name: string, createStore: () => Store | Promise<Store>): void {
  const setUp = async () => {
    const store = await createStore();
    const pk = `CONTRACT#${randomUUID()}`;
    const key = (sk: string): Key => ({ pk, sk });
    const write = (...writes: Write[]) => store.write(writes, randomUUID());
    return { store, pk, key, write };
  };
  /** With another write, an adapter uses a transaction instead of a single call. */
  const paths = [
    ['a single write', (_: Key): Write[] => []],
    ['a transaction', (otherKey: Key): Write[] => [put({ ...otherKey, other: true })]],
  ] as const;

  describe(`the ${name} store: reading`, () => {
    test('returns a row that exists, and undefined otherwise', async () => {
      const { store, key, write } = await setUp();
      await write(put({ ...key('A'), amount: 1 }));
      expect(await store.get(key('A'))).toEqual({ ...key('A'), amount: 1 });
      expect(await store.get(key('B'))).toBeUndefined();
    });

    test('returns many rows in the order of their keys, with undefined for missing rows', async () => {
      const { store, key, write } = await setUp();
      await write(put({ ...key('A'), n: 1 }), put({ ...key('B'), n: 2 }), put({ ...key('C'), n: 3 }));
      const rows = await store.getMany(['C', 'missing', 'A', 'C', 'B', 'missing'].map(key));
      expect(rows.map((row) => row?.['n'])).toEqual([3, undefined, 1, 3, 2, undefined]);
      expect(await store.getMany([])).toEqual([]);
    });

    test('returns 100 rows in one call', async () => {
      const { store, key, write } = await setUp();
      const keys = Array.from({ length: 100 }, (_, index) => key(`ROW#${String(index).padStart(3, '0')}`));
      await write(...keys.map((rowKey, index) => put({ ...rowKey, n: index })));
      expect((await store.getMany(keys.toReversed())).map((row) => row?.['n'])).toEqual(
        keys.map((_, index) => index).toReversed(),
      );
    });

    test('returns a copy or a frozen object, so that a change does not affect the stored row', async () => {
      const { store, key, write } = await setUp();
      const row = { ...key('A'), nested: { list: [1] } };
      await write(put(row));
      row.nested.list.push(2);
      const read = (await store.get(key('A'))) as Row & { nested: { list: number[] } };
      // One adapter returns a copy, the other a frozen object.
      Reflect.set(read.nested.list, 1, 3);
      expect(await store.get(key('A'))).toEqual({ ...key('A'), nested: { list: [1] } });
    });

    test('distinguishes two keys with the same concatenation', async () => {
      const { store, pk, write } = await setUp();
      await write(put({ pk: `${pk}A`, sk: 'B', n: 1 }), put({ pk, sk: 'AB', n: 2 }));
      expect(
        (
          await store.getMany([
            { pk: `${pk}A`, sk: 'B' },
            { pk, sk: 'AB' },
          ])
        ).map((row) => row?.['n']),
      ).toEqual([1, 2]);
    });
  });

  describe(`the ${name} store: values`, () => {
    test('keeps nested maps, lists, empty strings and special characters', async () => {
      const { store, key, write } = await setUp();
      const row = {
        ...key('SPECIAL é漢字 😀 "quoted" \\ / # : % \t'),
        empty: '',
        special: '\u0000\u0001\n\r\t"\\/\u2028\ufeff😀 ‏عربى',
        no: false,
        yes: true,
        nothing: null,
        list: [1, 'two', [3, []], { four: null }],
        map: { '': 'empty field name', 'a.b': { 'c[0]': [''] }, '#hash': ':value', constructor: 'own', size: {} },
      };
      await write(put(row));
      expect(await store.get(row)).toStrictEqual(row);
    });

    test('keeps numbers exactly up to the largest safe integer', async () => {
      const { store, key, write } = await setUp();
      const numbers = [0, 1, -1, 999_999_999_999_999, 10 ** 15, -(10 ** 15), Number.MAX_SAFE_INTEGER, 0.1, 1e-7];
      await write(put({ ...key('N'), numbers }));
      expect((await store.get(key('N')))?.['numbers']).toStrictEqual(numbers);
      await write(put({ ...key('M'), version: 1, sum: 10 ** 15 - 1 }));
      await write({ op: 'update', key: key('M'), set: { sum: 10 ** 15 }, when: versionIs(1) });
      expect((await store.get(key('M')))?.['sum']).toBe(10 ** 15);
    });

    test('drops undefined attributes at every depth', async () => {
      const { store, key, write } = await setUp();
      await write(put({ ...key('U'), absent: undefined, map: { absent: undefined, present: 1 } }));
      const row = await store.get(key('U'));
      expect(row).toStrictEqual({ ...key('U'), map: { present: 1 } });
    });

    test.each(paths)('%s that sets an attribute to undefined does not change it', async (_, otherWrites) => {
      const { store, key, write } = await setUp();
      await write(put({ ...key('U'), version: 1, name: 'old' }));
      await write(
        { op: 'update', key: key('U'), set: { version: 2, name: undefined }, when: versionIs(1) },
        ...otherWrites(key('OTHER')),
      );
      expect(await store.get(key('U'))).toStrictEqual({ ...key('U'), version: 2, name: 'old' });
    });
  });

  describe.each(paths)(`the ${name} store: %s`, (_, otherWrites) => {
    const setUpPath = async () => {
      const context = await setUp();
      return { ...context, others: otherWrites(context.key('OTHER')) };
    };

    test('puts a new row, and replaces an existing row completely without a condition', async () => {
      const { store, key, write, others } = await setUpPath();
      await write(put({ ...key('A'), first: 1 }, absent), ...others);
      await write(put({ ...key('A'), second: 2 }), ...others);
      expect(await store.get(key('A'))).toStrictEqual({ ...key('A'), second: 2 });
    });

    test('is refused under absent if the row exists, and returns that row', async () => {
      const { store, key, write, others } = await setUpPath();
      const existing = { ...key('A'), note: { authors: ['first'] }, amount: 10 ** 15 };
      await write(put(existing));
      const [reason] = await reasonsOfRefusal(write(put({ ...key('A'), note: 'second' }, absent), ...others));
      expect(reason).toStrictEqual({ kind: 'condition', row: existing });
      expect(await store.get(key('A'))).toEqual(existing);
    });

    test('succeeds under versionIs at that version only', async () => {
      const { store, key, write, others } = await setUpPath();
      await write(put({ ...key('A'), version: 3 }));
      const update = (version: number): Write => ({
        op: 'update',
        key: key('A'),
        set: { version: version + 1 },
        when: versionIs(version),
      });
      expect((await reasonsOfRefusal(write(update(2), ...others)))[0]).toStrictEqual({
        kind: 'condition',
        row: { ...key('A'), version: 3 },
      });
      await write(update(3), ...others);
      expect((await store.get(key('A')))?.['version']).toBe(4);
      expect((await reasonsOfRefusal(write(update(3), ...others)))[0]).toMatchObject({ row: { version: 4 } });
    });

    test('is refused under versionIs if there is no row', async () => {
      const { store, key, write, others } = await setUpPath();
      const update: Write = { op: 'update', key: key('none'), set: { version: 1 }, when: versionIs(0) };
      const [reason] = await reasonsOfRefusal(write(update, ...others));
      expect(reason?.kind).toBe('condition');
      expect(reason).not.toHaveProperty('row.pk');
      expect(await store.get(key('none'))).toBeUndefined();
    });

    test('updates attributes with any name and keeps the others', async () => {
      const { store, key, write, others } = await setUpPath();
      await write(put({ ...key('A'), version: 1, unchanged: 'old', size: 1, map: { old: true } }));
      await write(
        {
          op: 'update',
          key: key('A'),
          set: { version: 2, name: 'reserved word', 'a.b-c': { new: [1] }, map: { new: true } },
          when: versionIs(1),
        },
        ...others,
      );
      expect(await store.get(key('A'))).toStrictEqual({
        ...key('A'),
        version: 2,
        unchanged: 'old',
        name: 'reserved word',
        'a.b-c': { new: [1] },
        map: { new: true },
        size: 1,
      });
    });

    test('creates the row by an update if it is absent', async () => {
      const { store, key, write, others } = await setUpPath();
      await write({ op: 'update', key: key('A'), set: { note: 'hello' }, when: absent }, ...others);
      expect(await store.get(key('A'))).toStrictEqual({ ...key('A'), note: 'hello' });
    });

    test('deletes a row, and keeps it if the condition fails', async () => {
      const { store, key, write, others } = await setUpPath();
      const row = { ...key('A'), version: 1 };
      await write(put(row));
      expect(
        (await reasonsOfRefusal(write({ op: 'delete', key: row, when: versionIs(2) }, ...others)))[0],
      ).toStrictEqual({
        kind: 'condition',
        row,
      });
      expect(await store.get(key('A'))).toEqual(row);
      await write({ op: 'delete', key: row, when: versionIs(1) }, ...others);
      expect(await store.get(key('A'))).toBeUndefined();
    });
  });

  describe(`the ${name} store: transactions`, () => {
    test('writes nothing if one of 100 writes is refused, and names that one', async () => {
      const { store, key, write } = await setUp();
      const sks = Array.from({ length: 100 }, (_, index) => `ROW#${index}`);
      await write(put({ ...key('ROW#57'), version: 9 }));
      const reasons = await reasonsOfRefusal(write(...sks.map((sk) => put({ ...key(sk), version: 1 }, absent))));
      expect(reasons).toHaveLength(100);
      expect(reasons.flatMap(({ kind }, index) => (kind === 'none' ? [] : [index]))).toEqual([57]);
      expect(reasons[57]).toStrictEqual({ kind: 'condition', row: { ...key('ROW#57'), version: 9 } });
      const rows = await store.getMany(sks.map(key));
      expect(rows.filter((row) => row !== undefined)).toEqual([{ ...key('ROW#57'), version: 9 }]);
    });

    test('returns the reasons in the order of the writes', async () => {
      const { store, key, write } = await setUp();
      await write(put({ ...key('A'), version: 1, stock: 2 }), put({ ...key('C'), version: 1 }));
      const reasons = await reasonsOfRefusal(
        write(
          { op: 'update', key: key('A'), set: { stock: 0 }, when: versionIs(2) },
          put({ ...key('B') }, absent),
          { op: 'delete', key: key('C'), when: versionIs(2) },
          put({ ...key('D') }),
        ),
      );
      expect(reasons.map(({ kind }) => kind)).toEqual(['condition', 'none', 'condition', 'none']);
      expect(reasons[0]).toMatchObject({ row: { stock: 2 } });
      expect(reasons[2]).toMatchObject({ row: { version: 1 } });
      expect(await store.get(key('B'))).toBeUndefined();
      expect(await store.get(key('C'))).toBeDefined();
    });

    test('accepts exactly one of several concurrent writers at each version', async () => {
      const { store, key, write } = await setUp();
      await write(put({ ...key('A'), version: 0, winner: 'none' }));
      const results = await Promise.allSettled(
        Array.from({ length: 10 }, (_, index) =>
          write(
            { op: 'update', key: key('A'), set: { version: 1, winner: `w${index}` }, when: versionIs(0) },
            put({ ...key(`PROOF#w${index}`) }, absent),
          ),
        ),
      );
      const winners = results.flatMap(({ status }, index) => (status === 'fulfilled' ? [`w${index}`] : []));
      expect(winners).toHaveLength(1);
      expect(await store.get(key('A'))).toMatchObject({ version: 1, winner: winners[0] });
      expect((await store.query({ partition: key('').pk })).filter(({ sk }) => sk.startsWith('PROOF#'))).toEqual([
        key(`PROOF#${winners[0]}`),
      ]);
    });

    test('writes nothing on a simulated conflict, and reports it for each write', async () => {
      const { store, key } = await setUp();
      let rate = 1;
      const conflicting = withConflicts(
        store,
        () => rate,
        () => 0.5,
      );
      const writes = [put({ ...key('A') }, absent), put({ ...key('B') }, absent)];
      expect(await reasonsOfRefusal(conflicting.write(writes, randomUUID()))).toEqual([
        { kind: 'conflict' },
        { kind: 'conflict' },
      ]);
      expect(await store.getMany([key('A'), key('B')])).toEqual([undefined, undefined]);
      rate = 0.5;
      await conflicting.write(writes, randomUUID());
      expect(await conflicting.getMany([key('A'), key('B')])).toEqual([key('A'), key('B')]);
      expect(await conflicting.get(key('A'))).toEqual(key('A'));
      expect(await conflicting.query({ partition: key('').pk })).toHaveLength(2);
    });
  });

  describe(`the ${name} store: queries`, () => {
    const setUpLetters = async () => {
      const context = await setUp();
      const sks = ['LETTER#a', 'LETTER#b', 'LETTER#c', 'LETTER#d', 'STATE'];
      await context.write(...sks.map((sk) => put({ ...context.key(sk) })));
      const names = async (query: Omit<Parameters<Store['query']>[0], 'partition'>) =>
        (await context.store.query({ partition: context.pk, ...query })).map(({ sk }) => sk);
      return { ...context, names };
    };

    test('returns a partition in the order of its sort keys or in reverse', async () => {
      const { names } = await setUpLetters();
      expect(await names({})).toEqual(['LETTER#a', 'LETTER#b', 'LETTER#c', 'LETTER#d', 'STATE']);
      expect(await names({ newestFirst: true })).toEqual(['STATE', 'LETTER#d', 'LETTER#c', 'LETTER#b', 'LETTER#a']);
    });

    test('returns only rows below a bound', async () => {
      const { names } = await setUpLetters();
      expect(await names({ below: 'LETTER#c' })).toEqual(['LETTER#a', 'LETTER#b']);
      expect(await names({ below: 'LETTER#c', newestFirst: true, limit: 1 })).toEqual(['LETTER#b']);
    });

    test('returns only rows above a bound', async () => {
      const { names } = await setUpLetters();
      expect(await names({ above: 'LETTER#b', limit: 2 })).toEqual(['LETTER#c', 'LETTER#d']);
      expect(await names({ above: 'STATE' })).toEqual([]);
    });

    test('returns every row once in pages of two', async () => {
      const { names } = await setUpLetters();
      const seen: string[] = [];
      for (let below: string | undefined; ; below = seen.at(-1)) {
        const page = await names({ newestFirst: true, limit: 2, ...(below === undefined ? {} : { below }) });
        expect(page.length).toBeLessThanOrEqual(2);
        seen.push(...page);
        if (page.length === 0) break;
      }
      expect(seen).toEqual(['STATE', 'LETTER#d', 'LETTER#c', 'LETTER#b', 'LETTER#a']);
    });

    test('returns rows of one partition only', async () => {
      const { store, pk, write } = await setUp();
      await write(put({ pk, sk: 'A' }), put({ pk: `${pk}0`, sk: 'A' }));
      expect(await store.query({ partition: pk })).toEqual([{ pk, sk: 'A' }]);
      expect(await store.query({ partition: `${pk}-none` })).toEqual([]);
    });

    test('sorts text by its UTF-8 bytes', async () => {
      const { store, pk, key, write } = await setUp();
      const sks = ['ａ', 'é', 'a', 'Z', '😀', '_', '10', '9'];
      await write(...sks.map((sk) => put({ ...key(sk) })));
      expect((await store.query({ partition: pk })).map(({ sk }) => sk)).toEqual([
        '10',
        '9',
        'Z',
        '_',
        'a',
        'é',
        'ａ',
        '😀',
      ]);
    });

    test('returns all rows if they exceed one page of DynamoDB', async () => {
      const { store, pk, key, write } = await setUp();
      const filler = 'x'.repeat(300_000);
      for (let index = 0; index < 5; index++) await write(put({ ...key(`BIG#${index}`), filler }));
      expect((await store.query({ partition: pk })).map(({ sk }) => sk)).toEqual(
        Array.from({ length: 5 }, (_, index) => `BIG#${index}`),
      );
      expect(await store.query({ partition: pk, limit: 4 })).toHaveLength(4);
    });
  });

  describe(`the ${name} store: an index`, () => {
    test('contains only rows that have its attributes', async () => {
      const { store, pk, key, write } = await setUp();
      await write(
        put({ ...key('A'), owner: pk, rank: 1 }),
        put({ ...key('B'), owner: pk }),
        put({ ...key('C'), rank: 3 }),
        put({ ...key('D'), owner: `${pk}-other`, rank: 4 }),
      );
      expect((await store.query({ partition: pk, index: contractIndex })).map(({ sk }) => sk)).toEqual(['A']);
    });

    test('sorts numbers by value and returns pages below the last rank', async () => {
      const { store, pk, key, write } = await setUp();
      const ranks = [1, 2, 9, 10, 100, 10 ** 15];
      await write(...ranks.map((rank) => put({ ...key(`ROW#${rank}`), owner: pk, rank })));
      const read = async (query: object) =>
        (await store.query({ partition: pk, index: contractIndex, newestFirst: true, ...query })).map(
          (row) => row['rank'],
        );
      expect(await read({})).toEqual(ranks.toReversed());
      expect(await read({ limit: 2 })).toEqual([10 ** 15, 100]);
      expect(await read({ limit: 2, below: 100 })).toEqual([10, 9]);
      expect(await read({ below: 9 })).toEqual([2, 1]);
      expect(await read({ below: 1 })).toEqual([]);
    });

    test('follows changes and deletions of rows', async () => {
      const { store, pk, key, write } = await setUp();
      await write(put({ ...key('A'), owner: pk, rank: 1, version: 1 }), put({ ...key('B'), owner: pk, rank: 2 }));
      await write({ op: 'update', key: key('A'), set: { rank: 3, version: 2 }, when: versionIs(1) });
      expect((await store.query({ partition: pk, index: contractIndex })).map(({ sk }) => sk)).toEqual(['B', 'A']);
      await write({ op: 'delete', key: key('A'), when: versionIs(2) });
      expect((await store.query({ partition: pk, index: contractIndex })).map(({ sk }) => sk)).toEqual(['B']);
    });
  });

  describe(`${name}: a deadline`, () => {
    test('in the future changes nothing', async () => {
      const { store, key } = await setUp();
      const inTime = store.withDeadline(Date.now() + 60_000);
      await inTime.write([put({ ...key('A') })], randomUUID());
      expect(await inTime.get(key('A'))).toEqual(key('A'));
    });

    test('in the past ends every call with Busy, and nothing is written', async () => {
      const { store, pk, key } = await setUp();
      const tooLate = store.withDeadline(Date.now() - 1);
      for (const call of [
        () => tooLate.get(key('A')),
        () => tooLate.getMany([key('A')]),
        () => tooLate.query({ partition: pk }),
        () => tooLate.write([put({ ...key('A') })], randomUUID()),
      ])
        await expect(call()).rejects.toBeInstanceOf(Busy);
      expect(await store.get(key('A'))).toBeUndefined();
    });

    test('is replaced by a later one', async () => {
      const { store, key } = await setUp();
      const inTime = store.withDeadline(Date.now() - 1).withDeadline(Date.now() + 60_000);
      expect(await inTime.get(key('A'))).toBeUndefined();
    });
  });
}
