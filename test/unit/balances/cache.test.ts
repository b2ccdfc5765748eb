import { describe, expect, test } from 'vitest';
import { Cache } from '../../../lambdas/balances/cache.ts';
import { Rejected } from '../../../lambdas/shared/runtime/errors.ts';

const cacheAt = (most = 10) => {
  const time = { now: 0 };
  const cache = new Cache<string>({ clock: { now: () => time.now }, ttlMs: 1000, most });
  let loads = 0;
  const ask = (key: string) => cache.ask(key, async () => `${key}${loads++}`);
  return { time, cache, ask };
};

describe('what was read a moment ago', () => {
  test('is answered from memory until its time is over', async () => {
    const { time, ask } = cacheAt();
    expect(await ask('a')).toEqual({ answer: 'a0', isHit: false });
    time.now = 999;
    expect(await ask('a')).toEqual({ answer: 'a0', isHit: true });
    time.now = 1000;
    expect(await ask('a')).toEqual({ answer: 'a1', isHit: false });
  });

  test('is read once for all who ask at once', async () => {
    const { ask } = cacheAt();
    const answers = await Promise.all(Array.from({ length: 50 }, () => ask('a')));
    expect(answers.map(({ answer }) => answer)).toEqual(Array.from({ length: 50 }, () => 'a0'));
    expect(answers.filter(({ isHit }) => !isHit)).toHaveLength(1);
  });

  test('is as old as its question: a slow answer is remembered for no longer', async () => {
    const { time, cache } = cacheAt();
    await cache.ask('a', async () => {
      time.now = 900;
      return 'slow';
    });
    time.now = 1000;
    expect(await cache.ask('a', async () => 'fresh')).toEqual({ answer: 'fresh', isHit: false });
  });

  test('is forgotten where it was an error, for all who waited for it', async () => {
    const { cache, ask } = cacheAt();
    const fails = () => cache.ask('a', async () => Promise.reject(new Rejected('balance_not_found', 'nobody', 404)));
    const both = await Promise.allSettled([fails(), fails()]);
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await ask('a')).toEqual({ answer: 'a0', isHit: false });
  });

  test('is no more than there is room for: the oldest goes', async () => {
    const { ask } = cacheAt(2);
    for (const key of ['a', 'b', 'c']) await ask(key);
    expect((await ask('c')).isHit).toBe(true);
    expect((await ask('b')).isHit).toBe(true);
    expect((await ask('a')).isHit).toBe(false);
  });
});
