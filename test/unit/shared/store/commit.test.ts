import { describe, expect, test } from 'vitest';
import { AlreadyDone, Busy, OutcomeUnknown, Rejected } from '../../../../lambdas/shared/runtime/errors.ts';
import { type Change, commit, commitOnce, unitOfWork } from '../../../../lambdas/shared/store/commit.ts';
import {
  absent,
  type Key,
  type Reader,
  type Reason,
  type Row,
  type Store,
  versionIs,
  type Write,
  WriteRefused,
} from '../../../../lambdas/shared/store/store.ts';
import { createSteppingClock, greeted, noon } from '../../../support/fixtures.ts';
import { createMemoryStore, overrideStore } from '../../../support/memory-store.ts';

const createWork = (maxMs = 5000, random = 0.5) => {
  const table = createMemoryStore({ now: () => noon });
  const clock = createSteppingClock(random);
  const tokens: string[] = [];
  const store: Store = overrideStore(table, {
    write: async (writes, token) => {
      tokens.push(token);
      await table.write(writes, token);
    },
  });
  return { table, store, clock, tokens, deadlineMs: noon + maxMs };
};
const put = (sk: string, more: object = {}): Write => ({ op: 'put', row: { pk: 'P', sk, ...more }, when: absent });
const plan = (change: Partial<Change<string>>) => async () => ({ writes: [], result: 'done', ...change });

/** Returns a unit of work whose store refuses the first writes with the reason. */
const refusing = (work: ReturnType<typeof createWork>, times: number, kind: Exclude<Reason['kind'], 'none'>) => {
  let remaining = times;
  const store: Store = overrideStore(work.store, {
    write: async (writes, token) => {
      if (remaining-- > 0) {
        work.tokens.push(token);
        throw new WriteRefused(writes.map(() => ({ kind })));
      }
      await work.store.write(writes, token);
    },
  });
  return { ...work, store };
};

describe('commit', () => {
  test('writes state and outbox record together and returns the result of the plan', async () => {
    const work = createWork();
    const result = await commit(
      work,
      plan({ writes: [put('STATE', { version: 1 })], publish: [{ aggregate: 'P', events: [greeted('alice')] }] }),
    );
    expect(result).toBe('done');
    expect(work.table.all()).toEqual([
      { pk: 'P', sk: 'STATE', version: 1 },
      {
        pk: 'P',
        sk: 'OUTBOX#Greeted:alice',
        events: JSON.stringify([greeted('alice')]),
        expires_at: noon / 1000 + 15 * 24 * 3600,
      },
    ]);
  });

  test('succeeds without a write if the plan returns none', async () => {
    const work = createWork();
    expect(await commit(work, plan({}))).toBe('done');
    expect(work.tokens).toEqual([]);
  });

  test('rejects invalid transactions before the store is called', async () => {
    const work = createWork();
    await expect(commit(work, plan({ writes: [put('A'), put('A')] }))).rejects.toThrow('written twice');
    await expect(commit(work, plan({ publish: [{ aggregate: 'P', events: [] }], writes: [put('A')] }))).rejects.toThrow(
      'without events',
    );
    expect(work.tokens).toEqual([]);
    expect(work.table.all()).toEqual([]);
  });

  test('throws AlreadyDone with the existing row if its decision row exists', async () => {
    const work = createWork();
    const decision = { pk: 'ORDER#1', sk: 'PAYMENT', decision: 'declined' };
    await work.table.write([{ op: 'put', row: decision }], 'before');
    const deciding = plan({
      writes: [put('STATE'), { op: 'put', row: { ...decision, decision: 'authorized' }, when: absent, decides: true }],
    });
    const error = await commit(work, deciding).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(AlreadyDone);
    expect((error as AlreadyDone).row).toEqual(decision);
    expect(work.table.all()).toEqual([decision]);
    expect(work.clock.waits).toEqual([]);
  });

  test('plans again from fresh reads if another row has changed', async () => {
    const work = createWork();
    await work.table.write([put('STATE', { version: 1 })], 'before');
    let plans = 0;
    await commit(work, async (read) => {
      const row = await read.get({ pk: 'P', sk: 'STATE' });
      const version = Number(row?.['version']);
      plans += 1;
      // Another writer changes the row once between read and write.
      if (plans === 1) await work.table.write([{ op: 'put', row: { pk: 'P', sk: 'STATE', version: 2 } }], 'concurrent');
      return {
        writes: [
          { op: 'update', key: { pk: 'P', sk: 'STATE' }, set: { version: version + 1 }, when: versionIs(version) },
        ],
        result: undefined,
      };
    });
    expect(plans).toBe(2);
    expect(work.table.all()).toEqual([{ pk: 'P', sk: 'STATE', version: 3 }]);
  });

  test.each(['conflict', 'throttled', 'condition'] as const)(
    'plans again after a refusal because of %s, each time with a new token',
    async (kind) => {
      const work = refusing(createWork(), 3, kind);
      let plans = 0;
      await commit(work, async () => {
        plans += 1;
        return { writes: [put('STATE', { plans })], result: undefined };
      });
      expect(plans).toBe(4);
      expect(new Set(work.tokens).size).toBe(4);
      expect(work.table.all()).toEqual([{ pk: 'P', sk: 'STATE', plans: 4 }]);
    },
  );

  test('waits between attempts with full jitter, up to 400 ms', async () => {
    const work = refusing(createWork(60_000, 1), 8, 'conflict');
    await commit(work, plan({ writes: [put('STATE')] }));
    expect(work.clock.waits).toEqual([10, 20, 40, 80, 160, 320, 400, 400]);
    const withoutWaits = refusing(createWork(60_000, 0), 8, 'conflict');
    await commit(withoutWaits, plan({ writes: [put('STATE')] }));
    expect(withoutWaits.clock.waits).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  });

  test('throws Busy before its deadline if contention lasts, and has written nothing', async () => {
    const work = refusing(createWork(1000), Number.POSITIVE_INFINITY, 'conflict');
    await expect(commit(work, plan({ writes: [put('STATE')] }))).rejects.toMatchObject({
      name: 'Busy',
      message: expect.stringMatching(/^still contended after \d+ attempts$/),
    });
    expect(work.clock.now()).toBeLessThanOrEqual(work.deadlineMs);
    expect(work.clock.now()).toBeGreaterThan(work.deadlineMs - 400);
    expect(work.table.all()).toEqual([]);
  });

  test('fails if an event is published again with new state, instead of retrying', async () => {
    const work = createWork();
    const publish = [{ aggregate: 'P', events: [greeted('alice')] }];
    await commit(work, plan({ writes: [put('FIRST')], publish }));
    await expect(commit(work, plan({ writes: [put('SECOND')], publish }))).rejects.toThrow(
      'published before, although the state has not moved: OUTBOX#Greeted:alice',
    );
    expect(work.clock.waits).toEqual([]);
    expect(await work.table.get({ pk: 'P', sk: 'SECOND' })).toBeUndefined();
  });

  test('rethrows any other error of the store at once', async () => {
    const work = createWork();
    const store: Store = overrideStore(work.store, {
      write: async () => {
        throw new Error('ValidationException');
      },
    });
    await expect(commit({ ...work, store }, plan({ writes: [put('STATE')] }))).rejects.toThrow('ValidationException');
    expect(work.clock.waits).toEqual([]);
  });

  test('rethrows an error of the plan and writes nothing', async () => {
    const work = createWork();
    await expect(
      commit(work, async () => {
        throw new Error('rejected by the domain');
      }),
    ).rejects.toThrow('rejected by the domain');
    expect(work.tokens).toEqual([]);
  });
});

describe('a write without a response', () => {
  /** Returns a unit of work whose writes get no response. `applies` tells whether they are applied all the same. */
  const withoutResponses = (applies: boolean) => {
    const work = createWork(1000);
    const store = overrideStore(work.store, {
      write: async (writes, token) => {
        if (applies) await work.store.write(writes, token);
        work.clock.pass(900);
        throw new WriteRefused(writes.map(() => ({ kind: 'no_response' })));
      },
    });
    return { ...work, store };
  };
  const decision: Write = { op: 'put', row: { pk: 'P', sk: 'ENTRY', amount: 5 }, when: absent, decides: true };

  test('is found by its decision row after the deadline', async () => {
    const work = withoutResponses(true);
    const outcome = await commitOnce({ ...work, deadlineMs: noon + 900 }, plan({ writes: [decision] }));
    expect(outcome).toEqual({ existing: { pk: 'P', sk: 'ENTRY', amount: 5 } });
    expect(work.tokens).toHaveLength(1);
  });

  test('is found by a plan that has nothing left to write', async () => {
    const work = withoutResponses(true);
    const deposit = async (read: Reader): Promise<Change<string>> =>
      (await read.get({ pk: 'P', sk: 'ENTRY' }))
        ? { writes: [], result: 'deposited before' }
        : { writes: [put('ENTRY')], result: 'deposited' };
    expect(await commit({ ...work, deadlineMs: noon + 900 }, deposit)).toBe('deposited before');
    expect(work.tokens).toHaveLength(1);
  });

  test('has an unknown outcome if its effect is not visible, since it may still be applied', async () => {
    const work = withoutResponses(false);
    await expect(commit(work, plan({ writes: [decision] }))).rejects.toBeInstanceOf(OutcomeUnknown);
    expect(work.table.all()).toEqual([]);
  });

  test('has an unknown outcome if the table cannot be read', async () => {
    const work = withoutResponses(true);
    let reads = 0;
    const busyAfterFirst = async () => {
      if (reads++ > 0) throw new Busy('no response');
      return { writes: [decision], result: 'done' };
    };
    await expect(commit({ ...work, deadlineMs: noon + 900 }, busyAfterFirst)).rejects.toMatchObject({
      name: 'OutcomeUnknown',
      cause: { name: 'Busy' },
    });
  });

  test('has an unknown outcome if other rows of the plan exist, but not its decision row', async () => {
    const work = withoutResponses(false);
    await work.table.write([{ op: 'put', row: { pk: 'P', sk: 'STATE', version: 1 } }], 'token');
    const update: Write = { op: 'update', key: { pk: 'P', sk: 'STATE' }, set: { version: 2 }, when: versionIs(1) };
    const overwrite: Write = { op: 'put', row: { pk: 'P', sk: 'STATE' } };
    for (const write of [update, overwrite])
      await expect(commit(work, plan({ writes: [write, decision] }))).rejects.toMatchObject({ name: 'OutcomeUnknown' });
  });

  test('fails with the error of the plan if that is neither a rejection nor contention', async () => {
    const work = withoutResponses(true);
    let plans = 0;
    const failLater = async (): Promise<Change<string>> => {
      plans += 1;
      if (plans > 1) throw new TypeError('a row cannot be parsed');
      return { writes: [decision], result: 'done' };
    };
    await expect(commit({ ...work, deadlineMs: noon + 900 }, failLater)).rejects.toThrow(TypeError);
  });

  test('is looked for once more if its own effect makes the plan reject', async () => {
    const work = createWork(1000);
    let isLost = true;
    const store = overrideStore(work.store, {
      write: async (writes, token) => {
        await work.store.write(writes, token);
        if (isLost) throw new WriteRefused(writes.map(() => ({ kind: 'no_response' })));
      },
    });
    let plans = 0;
    const refund = async (read: Reader): Promise<Change<string>> => {
      plans += 1;
      const isRefunded = (await read.get({ pk: 'P', sk: 'STATE' })) !== undefined;
      // The second plan sees the new state but not yet the decision row, as a torn read may.
      if (isRefunded && plans === 2) throw new Rejected('not_refundable', 'The order is REFUNDING.');
      return isRefunded ? { writes: [], result: 'refunded before' } : { writes: [put('STATE')], result: 'refunded' };
    };
    expect(await commit({ ...work, store }, refund)).toBe('refunded before');
    isLost = false;
    await expect(
      commit({ ...work, store }, async () => {
        throw new Rejected('not_refundable', 'The order is NEW.');
      }),
    ).rejects.toBeInstanceOf(Rejected);
  });

  test('has an unknown outcome if the plan rejects both times', async () => {
    const work = withoutResponses(false);
    let plans = 0;
    const rejectLater = async (): Promise<Change<string>> => {
      plans += 1;
      if (plans > 1) throw new Rejected('balance_too_high', 'The balance would exceed the maximum.');
      return { writes: [decision], result: 'done' };
    };
    await expect(commit(work, rejectLater)).rejects.toMatchObject({
      name: 'OutcomeUnknown',
      cause: { name: 'Rejected' },
    });
  });

  test('is looked for with time of its own, although the deadline has passed', async () => {
    const work = withoutResponses(true);
    const table = createMemoryStore({ now: work.clock.now });
    const store = overrideStore(table, {
      write: async (writes, token) => {
        await table.write(writes, token);
        work.clock.pass(1000);
        throw new WriteRefused(writes.map(() => ({ kind: 'no_response' })));
      },
    });
    const bound = unitOfWork({ store, clock: work.clock }, { deadlineMs: noon + 900 });
    const deposit = async (read: Reader): Promise<Change<string>> =>
      (await read.get({ pk: 'P', sk: 'ENTRY' }))
        ? { writes: [], result: 'deposited before' }
        : { writes: [decision], result: 'deposited' };
    expect(await commit(bound, deposit)).toBe('deposited before');
  });

  test('is remembered although a later attempt meets contention only', async () => {
    const work = createWork(1000);
    const kinds: Reason['kind'][] = ['no_response'];
    const store = overrideStore(work.store, {
      write: async (writes) => {
        const kind = kinds.shift() ?? 'conflict';
        throw new WriteRefused(writes.map(() => ({ kind })));
      },
    });
    await expect(commit({ ...work, store }, plan({ writes: [decision] }))).rejects.toBeInstanceOf(OutcomeUnknown);
  });
});

describe('a unit of work with a write listener', () => {
  /** Runs one write through the unit of work, and counts the calls of its listener. */
  const countWrites = async (write: Store['write']) => {
    let writes = 0;
    const work = createWork();
    const { store } = unitOfWork(
      { store: overrideStore(work.table, { write }), clock: work.clock },
      { deadlineMs: work.deadlineMs, onWrite: () => (writes += 1) },
    );
    const outcome = await store
      .withDeadline(noon)
      .write([put('STATE')], 'token')
      .then(
        () => 'written',
        (error: Error) => error.message,
      );
    return { outcome, writes };
  };
  const refuse = (kind: Exclude<Reason['kind'], 'none'>) => async () => {
    throw new WriteRefused([{ kind }]);
  };

  test('calls it for a write that was applied', async () =>
    expect(await countWrites(async () => undefined)).toEqual({ outcome: 'written', writes: 1 }));

  test('calls it for a write without a response, which may have been applied', async () =>
    expect(await countWrites(refuse('no_response'))).toMatchObject({ writes: 1 }));

  test('does not call it for a write that was refused or failed', async () => {
    expect(await countWrites(refuse('condition'))).toMatchObject({ writes: 0 });
    const fail = async () => {
      throw Object.assign(new Error('ValidationException'), { mayBeWritten: true });
    };
    expect(await countWrites(fail)).toEqual({ outcome: 'ValidationException', writes: 0 });
  });
});

describe('an answer that is published again', () => {
  const again = (nudge: string) => plan({ publish: [{ aggregate: 'P', events: [greeted('alice', { nudge })] }] });

  test('is a new outbox record of the same event, with the nudge in its key', async () => {
    const work = createWork();
    await commit(work, plan({ writes: [put('STATE')], publish: [{ aggregate: 'P', events: [greeted('alice')] }] }));
    await commit(work, again('sweep-1'));
    await commit(work, again('sweep-2'));
    const records = (await work.table.query({ partition: 'P' })).filter(({ sk }) => sk.startsWith('OUTBOX#'));
    expect(records.map(({ sk }) => sk)).toEqual([
      'OUTBOX#Greeted:alice',
      'OUTBOX#Greeted:alice#sweep-1',
      'OUTBOX#Greeted:alice#sweep-2',
    ]);
    expect(new Set(records.map((record) => JSON.parse(String(record['events']))[0].id))).toEqual(
      new Set(['Greeted:alice']),
    );
  });

  test('is published once for each nudge', async () => {
    const work = createWork();
    await commit(work, again('sweep-1'));
    await expect(commit(work, again('sweep-1'))).rejects.toBeInstanceOf(AlreadyDone);
    expect(work.table.all()).toHaveLength(1);
  });
});

describe('the moved keys of a plan', () => {
  test('are the rows that refused the last attempt', async () => {
    const work = createWork();
    await work.table.write([{ op: 'put', row: { pk: 'P', sk: 'A', version: 1 } }], 'before');
    await work.table.write([{ op: 'put', row: { pk: 'P', sk: 'B', version: 2 } }], 'before');
    const movedKeys: (readonly Key[])[] = [];
    const update = (sk: string, version: number): Write => ({
      op: 'update',
      key: { pk: 'P', sk },
      set: { version: version + 1 },
      when: versionIs(version),
    });
    await commit(work, async (_read, moved) => {
      movedKeys.push(moved);
      return { writes: [update('A', 1), update('B', moved.length === 0 ? 1 : 2)], result: undefined };
    });
    expect(movedKeys).toEqual([[], [{ pk: 'P', sk: 'B' }]]);
  });

  test.each(['throttled', 'no_response'] as const)(
    'are empty if the last attempt ended with %s, because no row has changed',
    async (kind) => {
      const work = refusing(createWork(), 1, kind);
      const movedKeys: (readonly Key[])[] = [];
      await commit(work, async (_read, moved) => {
        movedKeys.push(moved);
        return { writes: [put('A')], result: undefined };
      });
      expect(movedKeys).toEqual([[], []]);
    },
  );

  test('are empty if only reads were throttled', async () => {
    const work = createWork();
    const movedKeys: (readonly Key[])[] = [];
    await commit(work, async (_read, moved) => {
      movedKeys.push(moved);
      if (movedKeys.length === 1) throw new Busy('throttled');
      return { writes: [put('A')], result: undefined };
    });
    expect(movedKeys).toEqual([[], []]);
  });
});

test('commit retries a throttled read until its deadline', async () => {
  const clock = createSteppingClock();
  const table = createMemoryStore({ now: clock.now });
  let failures = 3;
  const store: Store = overrideStore(table, {
    get: async (wantedKey) => {
      if (failures-- > 0) throw new Busy('throttled');
      return table.get(wantedKey);
    },
  });
  const readAndWrite = async (read: Pick<Store, 'get'>) => {
    await read.get({ pk: 'P', sk: 'STATE' });
    return { writes: [put('STATE')], result: 'done' };
  };
  expect(await commit({ store, clock, deadlineMs: noon + 5000 }, readAndWrite)).toBe('done');
  failures = Number.POSITIVE_INFINITY;
  await expect(commit({ store, clock, deadlineMs: clock.now() + 5000 }, readAndWrite)).rejects.toBeInstanceOf(Busy);
});

describe('an existing decision row', () => {
  const putDecision = (sk: string, attributes: object = {}): Write => ({
    op: 'put',
    row: { pk: 'P', sk, ...attributes },
    when: absent,
    decides: true,
  });

  test('is refused in a transaction with a second decision', async () => {
    const clock = createSteppingClock();
    const store = createMemoryStore({ now: clock.now });
    await store.write([putDecision('A')], 'before');
    const committed = commit({ store, clock, deadlineMs: noon + 100 }, async () => ({
      writes: [putDecision('A'), putDecision('B')],
      result: undefined,
    }));
    await expect(committed).rejects.not.toBeInstanceOf(AlreadyDone);
    await expect(committed).rejects.toThrow('one decision');
  });

  test('is read from the table if the refusal does not contain it', async () => {
    const clock = createSteppingClock();
    const table = createMemoryStore({ now: clock.now });
    await table.write([putDecision('A', { by: 'first' })], 'before');
    const storeWithoutRows: Store = overrideStore(table, {
      write: async (writes) => {
        throw new WriteRefused(writes.map(() => ({ kind: 'condition' })));
      },
    });
    const committed = commit({ store: storeWithoutRows, clock, deadlineMs: noon + 100 }, async () => ({
      writes: [putDecision('A', { by: 'second' })],
      result: undefined,
    }));
    await expect(committed).rejects.toMatchObject({
      name: 'AlreadyDone',
      row: { by: 'first' } satisfies Partial<Row>,
    });
  });
});
