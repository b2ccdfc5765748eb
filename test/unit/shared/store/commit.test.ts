import { describe, expect, test } from 'vitest';
import { AlreadyDone, Busy } from '../../../../lambdas/shared/runtime/errors.ts';
import { type Change, commit } from '../../../../lambdas/shared/store/commit.ts';
import {
  absent,
  type Key,
  type Reason,
  type Store,
  versionIs,
  type Write,
  WriteRefused,
} from '../../../../lambdas/shared/store/store.ts';
import { createSteppingClock, greeted, noon } from '../../../support/fixtures.ts';
import { createMemoryStore } from '../../../support/memory-store.ts';

const unitOf = (patience = 5000, random = 0.5) => {
  const table = createMemoryStore({ now: () => noon });
  const clock = createSteppingClock(random);
  const tokens: string[] = [];
  const store: Store = {
    ...table,
    write: async (writes, token) => {
      tokens.push(token);
      await table.write(writes, token);
    },
  };
  return { table, store, clock, tokens, deadlineMs: noon + patience };
};
const put = (sk: string, more: object = {}): Write => ({ op: 'put', row: { pk: 'P', sk, ...more }, when: absent });
const plan = (change: Partial<Change<string>>) => async () => ({ writes: [], result: 'done', ...change });

/** A store that refuses the first so many writes for this reason. */
const refusing = (unit: ReturnType<typeof unitOf>, times: number, kind: Exclude<Reason['kind'], 'none'>) => {
  let left = times;
  const store: Store = {
    ...unit.store,
    write: async (writes, token) => {
      if (left-- > 0) {
        unit.tokens.push(token);
        throw new WriteRefused(writes.map(() => ({ kind })));
      }
      await unit.store.write(writes, token);
    },
  };
  return { ...unit, store };
};

describe('a commit', () => {
  test('writes state and outbox together and gives the plan’s result', async () => {
    const unit = unitOf();
    const result = await commit(
      unit,
      plan({ writes: [put('STATE', { version: 1 })], publish: [{ aggregate: 'P', events: [greeted('alice')] }] }),
    );
    expect(result).toBe('done');
    expect(unit.table.all()).toEqual([
      { pk: 'P', sk: 'STATE', version: 1 },
      {
        pk: 'P',
        sk: 'OUTBOX#Greeted:alice',
        events: JSON.stringify([greeted('alice')]),
        expires_at: noon / 1000 + 15 * 24 * 3600,
      },
    ]);
  });

  test('whose plan has nothing to write writes nothing, and succeeds', async () => {
    const unit = unitOf();
    expect(await commit(unit, plan({}))).toBe('done');
    expect(unit.tokens).toEqual([]);
  });

  test('refuses before the store what no store could write', async () => {
    const unit = unitOf();
    await expect(commit(unit, plan({ writes: [put('A'), put('A')] }))).rejects.toThrow('written twice');
    await expect(commit(unit, plan({ publish: [{ aggregate: 'P', events: [] }], writes: [put('A')] }))).rejects.toThrow(
      'without events',
    );
    expect(unit.tokens).toEqual([]);
    expect(unit.table.all()).toEqual([]);
  });

  test('that meets its own decision row was done before, and hands that row over', async () => {
    const unit = unitOf();
    const decision = { pk: 'ORDER#1', sk: 'PAYMENT', decision: 'declined' };
    await unit.table.write([{ op: 'put', row: decision }], 'before');
    const deciding = plan({
      writes: [put('STATE'), { op: 'put', row: { ...decision, decision: 'authorized' }, when: absent, decides: true }],
    });
    const error = await commit(unit, deciding).catch((fault: unknown) => fault);
    expect(error).toBeInstanceOf(AlreadyDone);
    expect((error as AlreadyDone).row).toEqual(decision);
    expect(unit.table.all()).toEqual([decision]);
    expect(unit.clock.waits).toEqual([]);
  });

  test('that meets a row which decides nothing looks again, from fresh reads', async () => {
    const unit = unitOf();
    await unit.table.write([put('STATE', { version: 1 })], 'before');
    let plans = 0;
    await commit(unit, async (read) => {
      const row = await read.get({ pk: 'P', sk: 'STATE' });
      const version = Number(row?.['version']);
      plans += 1;
      // somebody is quicker, once
      if (plans === 1) await unit.table.write([{ op: 'put', row: { pk: 'P', sk: 'STATE', version: 2 } }], 'other');
      return {
        writes: [
          { op: 'update', key: { pk: 'P', sk: 'STATE' }, set: { version: version + 1 }, when: versionIs(version) },
        ],
        result: undefined,
      };
    });
    expect(plans).toBe(2);
    expect(unit.table.all()).toEqual([{ pk: 'P', sk: 'STATE', version: 3 }]);
  });

  test.each(['conflict', 'throttled', 'condition'] as const)(
    'is planned again after a %s, each time under a new token',
    async (kind) => {
      const unit = refusing(unitOf(), 3, kind);
      let plans = 0;
      await commit(unit, async () => {
        plans += 1;
        return { writes: [put('STATE', { plans })], result: undefined };
      });
      expect(plans).toBe(4);
      expect(new Set(unit.tokens).size).toBe(4);
      expect(unit.table.all()).toEqual([{ pk: 'P', sk: 'STATE', plans: 4 }]);
    },
  );

  test('waits between its plans a random part of a bound that doubles up to 400 ms', async () => {
    const unit = refusing(unitOf(60_000, 1), 8, 'conflict');
    await commit(unit, plan({ writes: [put('STATE')] }));
    expect(unit.clock.waits).toEqual([10, 20, 40, 80, 160, 320, 400, 400]);
    const lucky = refusing(unitOf(60_000, 0), 8, 'conflict');
    await commit(lucky, plan({ writes: [put('STATE')] }));
    expect(lucky.clock.waits).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  });

  test('gives contention up as busy at its deadline, never after it, and has written nothing', async () => {
    const unit = refusing(unitOf(1000), Number.POSITIVE_INFINITY, 'conflict');
    await expect(commit(unit, plan({ writes: [put('STATE')] }))).rejects.toBeInstanceOf(Busy);
    expect(unit.clock.now()).toBeLessThanOrEqual(unit.deadlineMs);
    expect(unit.clock.now()).toBeGreaterThan(unit.deadlineMs - 400);
    expect(unit.table.all()).toEqual([]);
  });

  test('that states an event again beside new state is a fault, and not contention without an end', async () => {
    const unit = unitOf();
    const publish = [{ aggregate: 'P', events: [greeted('alice')] }];
    await commit(unit, plan({ writes: [put('FIRST')], publish }));
    await expect(commit(unit, plan({ writes: [put('SECOND')], publish }))).rejects.toThrow(
      'published before, although the state has not moved: OUTBOX#Greeted:alice',
    );
    expect(unit.clock.waits).toEqual([]);
    expect(await unit.table.get({ pk: 'P', sk: 'SECOND' })).toBeUndefined();
  });

  test('lets any other error of the store through at once', async () => {
    const unit = unitOf();
    const store: Store = {
      ...unit.store,
      write: async () => {
        throw new Error('ValidationException');
      },
    };
    await expect(commit({ ...unit, store }, plan({ writes: [put('STATE')] }))).rejects.toThrow('ValidationException');
    expect(unit.clock.waits).toEqual([]);
  });

  test('lets what the plan throws through, and writes nothing', async () => {
    const unit = unitOf();
    await expect(
      commit(unit, async () => {
        throw new Error('the domain says no');
      }),
    ).rejects.toThrow('the domain says no');
    expect(unit.tokens).toEqual([]);
  });
});

describe('an answer that is given again', () => {
  const again = (nudge: string) => plan({ publish: [{ aggregate: 'P', events: [greeted('alice', { nudge })] }] });

  test('is a new record of the same event, named by the nudge that asked for it', async () => {
    const unit = unitOf();
    await commit(unit, plan({ writes: [put('STATE')], publish: [{ aggregate: 'P', events: [greeted('alice')] }] }));
    await commit(unit, again('sweep-1'));
    await commit(unit, again('sweep-2'));
    const records = (await unit.table.query({ partition: 'P' })).filter(({ sk }) => sk.startsWith('OUTBOX#'));
    expect(records.map(({ sk }) => sk)).toEqual([
      'OUTBOX#Greeted:alice',
      'OUTBOX#Greeted:alice#sweep-1',
      'OUTBOX#Greeted:alice#sweep-2',
    ]);
    expect(new Set(records.map((record) => JSON.parse(String(record['events']))[0].id))).toEqual(
      new Set(['Greeted:alice']),
    );
  });

  test('is given once for each nudge: the second time it is done already', async () => {
    const unit = unitOf();
    await commit(unit, again('sweep-1'));
    await expect(commit(unit, again('sweep-1'))).rejects.toBeInstanceOf(AlreadyDone);
    expect(unit.table.all()).toHaveLength(1);
  });
});

describe('a plan that runs again', () => {
  test('hears which rows refused it, and of no others', async () => {
    const unit = unitOf();
    await unit.table.write([{ op: 'put', row: { pk: 'P', sk: 'A', version: 1 } }], 'before');
    await unit.table.write([{ op: 'put', row: { pk: 'P', sk: 'B', version: 2 } }], 'before');
    const heard: (readonly Key[])[] = [];
    const update = (sk: string, version: number): Write => ({
      op: 'update',
      key: { pk: 'P', sk },
      set: { version: version + 1 },
      when: versionIs(version),
    });
    await commit(unit, async (_read, moved) => {
      heard.push(moved);
      return { writes: [update('A', 1), update('B', moved.length === 0 ? 1 : 2)], result: undefined };
    });
    expect(heard).toEqual([[], [{ pk: 'P', sk: 'B' }]]);
  });

  test.each(['throttled', 'no_response'] as const)(
    'hears of none where the table was %s: its rows have not moved',
    async (kind) => {
      const unit = refusing(unitOf(), 1, kind);
      const heard: (readonly Key[])[] = [];
      await commit(unit, async (_read, moved) => {
        heard.push(moved);
        return { writes: [put('A')], result: undefined };
      });
      expect(heard).toEqual([[], []]);
    },
  );

  test('hears of none where only its reads were throttled', async () => {
    const unit = unitOf();
    const heard: (readonly Key[])[] = [];
    await commit(unit, async (_read, moved) => {
      heard.push(moved);
      if (heard.length === 1) throw new Busy('throttled');
      return { writes: [put('A')], result: undefined };
    });
    expect(heard).toEqual([[], []]);
  });
});
