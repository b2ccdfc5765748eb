import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
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

/** The index that a store under contract has; its sort value is a number, since those sort otherwise than text. */
export const contractIndex: Index = { name: 'by_owner', partitionKey: 'owner', sortKey: 'place' };

const put = (row: Row, when?: Extract<Write, { op: 'put' }>['when']): Write => ({
  op: 'put',
  row,
  ...(when ? { when } : {}),
});

/** Why each write was refused, in their order. */
async function refusalOf(work: Promise<void>): Promise<WriteRefused['reasons']> {
  const error = await work.then(
    () => undefined,
    (fault: unknown) => fault,
  );
  if (!(error instanceof WriteRefused)) throw new Error(`expected a refusal, got ${String(error)}`);
  return error.reasons;
}

/**
 * What every adapter of `Store` promises. `makeStore` gives a store upon a table that may hold rows of other tests:
 * each test has a partition of its own.
 */
export function storeContract(name: string, makeStore: () => Store | Promise<Store>): void {
  const fresh = async () => {
    const store = await makeStore();
    const pk = `CONTRACT#${randomUUID()}`;
    const key = (sk: string): Key => ({ pk, sk });
    const write = (...writes: Write[]) => store.write(writes, randomUUID());
    return { store, pk, key, write };
  };
  /** Beside another write, so that the adapter takes the path of a transaction. */
  const paths = [
    ['a write by itself', (_: Key): Write[] => []],
    ['a write among others', (beside: Key): Write[] => [put({ ...beside, beside: true })]],
  ] as const;

  describe(`the ${name} store: reading`, () => {
    test('a row that was put is read back, and one that was not is missing', async () => {
      const { store, key, write } = await fresh();
      await write(put({ ...key('A'), amount: 1 }));
      expect(await store.get(key('A'))).toEqual({ ...key('A'), amount: 1 });
      expect(await store.get(key('B'))).toBeUndefined();
    });

    test('many rows come in the order asked for, with gaps for the missing and repeats for the repeated', async () => {
      const { store, key, write } = await fresh();
      await write(put({ ...key('A'), at: 1 }), put({ ...key('B'), at: 2 }), put({ ...key('C'), at: 3 }));
      const rows = await store.getMany(['C', 'missing', 'A', 'C', 'B', 'missing'].map(key));
      expect(rows.map((row) => row?.['at'])).toEqual([3, undefined, 1, 3, 2, undefined]);
      expect(await store.getMany([])).toEqual([]);
    });

    test('a hundred rows can be read at once', async () => {
      const { store, key, write } = await fresh();
      const keys = Array.from({ length: 100 }, (_, at) => key(`ROW#${String(at).padStart(3, '0')}`));
      await write(...keys.map((one, at) => put({ ...one, at })));
      expect((await store.getMany(keys.toReversed())).map((row) => row?.['at'])).toEqual(
        keys.map((_, at) => at).toReversed(),
      );
    });

    test('what is read is a copy: changing it changes nothing that is stored', async () => {
      const { store, key, write } = await fresh();
      const item = { ...key('A'), nested: { list: [1] } };
      await write(put(item));
      item.nested.list.push(2);
      const read = (await store.get(key('A'))) as Row & { nested: { list: number[] } };
      // one adapter hands out a copy of its own, the other what nobody can change
      Reflect.set(read.nested.list, 1, 3);
      expect(await store.get(key('A'))).toEqual({ ...key('A'), nested: { list: [1] } });
    });

    test('two keys whose parts run together alike are two rows', async () => {
      const { store, pk, write } = await fresh();
      await write(put({ pk: `${pk}A`, sk: 'B', is: 1 }), put({ pk, sk: 'AB', is: 2 }));
      expect(
        (
          await store.getMany([
            { pk: `${pk}A`, sk: 'B' },
            { pk, sk: 'AB' },
          ])
        ).map((row) => row?.['is']),
      ).toEqual([1, 2]);
    });
  });

  describe(`the ${name} store: what is kept`, () => {
    test('nested maps, lists, empty strings and odd characters come back equal', async () => {
      const { store, key, write } = await fresh();
      const item = {
        ...key('ODD é漢字 😀 "quoted" \\ / # : % \t'),
        empty: '',
        odd: '\u0000\u0001\n\r\t"\\/\u2028\ufeff😀 ‏عربى',
        no: false,
        yes: true,
        nothing: null,
        list: [1, 'two', [3, []], { four: null }],
        map: { '': 'an empty name', 'a.b': { 'c[0]': [''] }, '#hash': ':value', constructor: 'own', size: {} },
      };
      await write(put(item));
      expect(await store.get(item)).toStrictEqual(item);
    });

    test('numbers are exact up to 10^15, and to the last safe integer', async () => {
      const { store, key, write } = await fresh();
      const numbers = [0, 1, -1, 999_999_999_999_999, 10 ** 15, -(10 ** 15), Number.MAX_SAFE_INTEGER, 0.1, 1e-7];
      await write(put({ ...key('N'), numbers }));
      expect((await store.get(key('N')))?.['numbers']).toStrictEqual(numbers);
      await write(put({ ...key('M'), version: 1, sum: 10 ** 15 - 1 }));
      await write({ op: 'update', key: key('M'), set: { sum: 10 ** 15 }, when: versionIs(1) });
      expect((await store.get(key('M')))?.['sum']).toBe(10 ** 15);
    });

    test('attributes that are undefined are dropped, at every depth', async () => {
      const { store, key, write } = await fresh();
      await write(put({ ...key('U'), gone: undefined, map: { gone: undefined, kept: 1 } }));
      const row = await store.get(key('U'));
      expect(row).toStrictEqual({ ...key('U'), map: { kept: 1 } });
    });

    test.each(paths)('%s that sets an attribute to undefined leaves it as it was', async (_, beside) => {
      const { store, key, write } = await fresh();
      await write(put({ ...key('U'), version: 1, kept: 'old' }));
      await write(
        { op: 'update', key: key('U'), set: { version: 2, kept: undefined }, when: versionIs(1) },
        ...beside(key('beside')),
      );
      expect(await store.get(key('U'))).toStrictEqual({ ...key('U'), version: 2, kept: 'old' });
    });
  });

  describe.each(paths)(`the ${name} store: %s`, (_, beside) => {
    const one = async () => {
      const made = await fresh();
      return { ...made, also: beside(made.key('beside')) };
    };

    test('puts a row where there is none, and replaces whole what is there when nothing forbids it', async () => {
      const { store, key, write, also } = await one();
      await write(put({ ...key('A'), first: 1 }, absent), ...also);
      await write(put({ ...key('A'), second: 2 }), ...also);
      expect(await store.get(key('A'))).toStrictEqual({ ...key('A'), second: 2 });
    });

    test('under "absent" it is refused where a row is, and is given that row', async () => {
      const { store, key, write, also } = await one();
      const there = { ...key('A'), said: { by: ['the first'] }, amount: 10 ** 15 };
      await write(put(there));
      const [reason] = await refusalOf(write(put({ ...key('A'), said: 'second' }, absent), ...also));
      expect(reason).toStrictEqual({ kind: 'condition', row: there });
      expect(await store.get(key('A'))).toEqual(there);
    });

    test('under "version is" it passes at that version only', async () => {
      const { store, key, write, also } = await one();
      await write(put({ ...key('A'), version: 3 }));
      const update = (version: number): Write => ({
        op: 'update',
        key: key('A'),
        set: { version: version + 1 },
        when: versionIs(version),
      });
      expect((await refusalOf(write(update(2), ...also)))[0]).toStrictEqual({
        kind: 'condition',
        row: { ...key('A'), version: 3 },
      });
      await write(update(3), ...also);
      expect((await store.get(key('A')))?.['version']).toBe(4);
      expect((await refusalOf(write(update(3), ...also)))[0]).toMatchObject({ row: { version: 4 } });
    });

    test('under "version is" it is refused where there is no row, and is given none', async () => {
      const { store, key, write, also } = await one();
      const update: Write = { op: 'update', key: key('none'), set: { version: 1 }, when: versionIs(0) };
      const [reason] = await refusalOf(write(update, ...also));
      expect(reason?.kind).toBe('condition');
      expect(reason).not.toHaveProperty('row.pk');
      expect(await store.get(key('none'))).toBeUndefined();
    });

    test('an update sets attributes, keeps the rest, and takes attribute names of any kind', async () => {
      const { store, key, write, also } = await one();
      await write(put({ ...key('A'), version: 1, kept: 'as it was', size: 1, map: { old: true } }));
      await write(
        {
          op: 'update',
          key: key('A'),
          set: { version: 2, name: 'a reserved word', 'a.b-c': { new: [1] }, map: { new: true } },
          when: versionIs(1),
        },
        ...also,
      );
      expect(await store.get(key('A'))).toStrictEqual({
        ...key('A'),
        version: 2,
        kept: 'as it was',
        name: 'a reserved word',
        'a.b-c': { new: [1] },
        map: { new: true },
        size: 1,
      });
    });

    test('an update where nothing was makes the row', async () => {
      const { store, key, write, also } = await one();
      await write({ op: 'update', key: key('A'), set: { said: 'hello' }, when: absent }, ...also);
      expect(await store.get(key('A'))).toStrictEqual({ ...key('A'), said: 'hello' });
    });

    test('an erased row is gone; erasing under a condition that fails leaves it', async () => {
      const { store, key, write, also } = await one();
      const row = { ...key('A'), version: 1 };
      await write(put(row));
      expect((await refusalOf(write({ op: 'delete', key: row, when: versionIs(2) }, ...also)))[0]).toStrictEqual({
        kind: 'condition',
        row,
      });
      expect(await store.get(key('A'))).toEqual(row);
      await write({ op: 'delete', key: row, when: versionIs(1) }, ...also);
      expect(await store.get(key('A'))).toBeUndefined();
    });
  });

  describe(`the ${name} store: all or nothing`, () => {
    test('one write that fails takes the ninety-nine others with it, and is the one named', async () => {
      const { store, key, write } = await fresh();
      const sks = Array.from({ length: 100 }, (_, at) => `ROW#${at}`);
      await write(put({ ...key('ROW#57'), version: 9 }));
      const reasons = await refusalOf(write(...sks.map((sk) => put({ ...key(sk), version: 1 }, absent))));
      expect(reasons).toHaveLength(100);
      expect(reasons.flatMap(({ kind }, at) => (kind === 'none' ? [] : [at]))).toEqual([57]);
      expect(reasons[57]).toStrictEqual({ kind: 'condition', row: { ...key('ROW#57'), version: 9 } });
      const rows = await store.getMany(sks.map(key));
      expect(rows.filter((row) => row !== undefined)).toEqual([{ ...key('ROW#57'), version: 9 }]);
    });

    test('each of several failures has its reason in its place', async () => {
      const { store, key, write } = await fresh();
      await write(put({ ...key('A'), version: 1, stock: 2 }), put({ ...key('C'), version: 1 }));
      const reasons = await refusalOf(
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

    test('of writers that meet, exactly one gets in at each version', async () => {
      const { store, key, write } = await fresh();
      await write(put({ ...key('A'), version: 0, winner: 'nobody' }));
      const tries = await Promise.allSettled(
        Array.from({ length: 10 }, (_, at) =>
          write(
            { op: 'update', key: key('A'), set: { version: 1, winner: `w${at}` }, when: versionIs(0) },
            put({ ...key(`PROOF#w${at}`) }, absent),
          ),
        ),
      );
      const won = tries.flatMap(({ status }, at) => (status === 'fulfilled' ? [`w${at}`] : []));
      expect(won).toHaveLength(1);
      expect(await store.get(key('A'))).toMatchObject({ version: 1, winner: won[0] });
      expect((await store.query({ partition: key('').pk })).filter(({ sk }) => sk.startsWith('PROOF#'))).toEqual([
        key(`PROOF#${won[0]}`),
      ]);
    });

    test('a conflict that nobody made writes nothing, and says so of each write', async () => {
      const { store, key } = await fresh();
      let rate = 1;
      const contended = withConflicts(
        store,
        () => rate,
        () => 0.5,
      );
      const writes = [put({ ...key('A') }, absent), put({ ...key('B') }, absent)];
      expect(await refusalOf(contended.write(writes, randomUUID()))).toEqual([
        { kind: 'conflict' },
        { kind: 'conflict' },
      ]);
      expect(await store.getMany([key('A'), key('B')])).toEqual([undefined, undefined]);
      rate = 0.5;
      await contended.write(writes, randomUUID());
      expect(await contended.getMany([key('A'), key('B')])).toEqual([key('A'), key('B')]);
      expect(await contended.get(key('A'))).toEqual(key('A'));
      expect(await contended.query({ partition: key('').pk })).toHaveLength(2);
    });
  });

  describe(`the ${name} store: lists`, () => {
    const letters = async () => {
      const made = await fresh();
      const sks = ['LETTER#a', 'LETTER#b', 'LETTER#c', 'LETTER#d', 'STATE'];
      await made.write(...sks.map((sk) => put({ ...made.key(sk) })));
      const names = async (query: Omit<Parameters<Store['query']>[0], 'partition'>) =>
        (await made.store.query({ partition: made.pk, ...query })).map(({ sk }) => sk);
      return { ...made, names };
    };

    test('a partition is read in the order of its sort keys, or newest first', async () => {
      const { names } = await letters();
      expect(await names({})).toEqual(['LETTER#a', 'LETTER#b', 'LETTER#c', 'LETTER#d', 'STATE']);
      expect(await names({ newestFirst: true })).toEqual(['STATE', 'LETTER#d', 'LETTER#c', 'LETTER#b', 'LETTER#a']);
    });

    test('a bound below cuts the list', async () => {
      const { names } = await letters();
      expect(await names({ below: 'LETTER#c' })).toEqual(['LETTER#a', 'LETTER#b']);
      expect(await names({ below: 'LETTER#c', newestFirst: true, limit: 1 })).toEqual(['LETTER#b']);
    });

    test('a bound above cuts the list from its beginning', async () => {
      const { names } = await letters();
      expect(await names({ above: 'LETTER#b', limit: 2 })).toEqual(['LETTER#c', 'LETTER#d']);
      expect(await names({ above: 'STATE' })).toEqual([]);
    });

    test('pages of two, each below the last seen, give every row once', async () => {
      const { names } = await letters();
      const seen: string[] = [];
      for (let below: string | undefined; ; below = seen.at(-1)) {
        const page = await names({ newestFirst: true, limit: 2, ...(below === undefined ? {} : { below }) });
        expect(page.length).toBeLessThanOrEqual(2);
        seen.push(...page);
        if (page.length === 0) break;
      }
      expect(seen).toEqual(['STATE', 'LETTER#d', 'LETTER#c', 'LETTER#b', 'LETTER#a']);
    });

    test('another partition is never in the list', async () => {
      const { store, pk, write } = await fresh();
      await write(put({ pk, sk: 'A' }), put({ pk: `${pk}0`, sk: 'A' }));
      expect(await store.query({ partition: pk })).toEqual([{ pk, sk: 'A' }]);
      expect(await store.query({ partition: `${pk}-none` })).toEqual([]);
    });

    test('text is sorted by its bytes, so capitals come first and odd letters last', async () => {
      const { store, pk, key, write } = await fresh();
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

    test('more rows than one page of the engine come all the same', async () => {
      const { store, pk, key, write } = await fresh();
      const ballast = 'x'.repeat(300_000);
      for (let at = 0; at < 5; at++) await write(put({ ...key(`BIG#${at}`), ballast }));
      expect((await store.query({ partition: pk })).map(({ sk }) => sk)).toEqual(
        Array.from({ length: 5 }, (_, at) => `BIG#${at}`),
      );
      expect(await store.query({ partition: pk, limit: 4 })).toHaveLength(4);
    });
  });

  describe(`the ${name} store: an index`, () => {
    test('holds only rows that have its attributes', async () => {
      const { store, pk, key, write } = await fresh();
      await write(
        put({ ...key('A'), owner: pk, place: 1 }),
        put({ ...key('B'), owner: pk }),
        put({ ...key('C'), place: 3 }),
        put({ ...key('D'), owner: `${pk}-else`, place: 4 }),
      );
      expect((await store.query({ partition: pk, index: contractIndex })).map(({ sk }) => sk)).toEqual(['A']);
    });

    test('sorts numbers by value, newest first, and pages below the last one seen', async () => {
      const { store, pk, key, write } = await fresh();
      const places = [1, 2, 9, 10, 100, 10 ** 15];
      await write(...places.map((place) => put({ ...key(`ROW#${place}`), owner: pk, place })));
      const read = async (query: object) =>
        (await store.query({ partition: pk, index: contractIndex, newestFirst: true, ...query })).map(
          (row) => row['place'],
        );
      expect(await read({})).toEqual(places.toReversed());
      expect(await read({ limit: 2 })).toEqual([10 ** 15, 100]);
      expect(await read({ limit: 2, below: 100 })).toEqual([10, 9]);
      expect(await read({ below: 9 })).toEqual([2, 1]);
      expect(await read({ below: 1 })).toEqual([]);
    });

    test('follows a row that changes and one that is erased', async () => {
      const { store, pk, key, write } = await fresh();
      await write(put({ ...key('A'), owner: pk, place: 1, version: 1 }), put({ ...key('B'), owner: pk, place: 2 }));
      await write({ op: 'update', key: key('A'), set: { place: 3, version: 2 }, when: versionIs(1) });
      expect((await store.query({ partition: pk, index: contractIndex })).map(({ sk }) => sk)).toEqual(['B', 'A']);
      await write({ op: 'delete', key: key('A'), when: versionIs(2) });
      expect((await store.query({ partition: pk, index: contractIndex })).map(({ sk }) => sk)).toEqual(['B']);
    });
  });
}
