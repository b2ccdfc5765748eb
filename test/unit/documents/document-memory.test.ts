import { describe, expect, test } from 'vitest';
import { DocumentMemory, MEMORY_TTL_MS } from '../../../lambdas/documents/document-memory.ts';
import { createSteppingClock } from '../../support/fixtures.ts';

function createMemory() {
  const clock = createSteppingClock();
  const memory = new DocumentMemory(clock);
  const set = (order_uid: string, document = order_uid, ttlMs = 360_000) =>
    memory.set({
      found: true,
      order_uid,
      document,
      instant: '2026-01-01T00:00:00.',
      hash: 'h',
      until: clock.now() + ttlMs,
    });
  return { clock, memory, set };
}

const LARGE = 'x'.repeat(128 * 1024);

describe('the document memory', () => {
  test('returns a text for five seconds', () => {
    const { clock, memory, set } = createMemory();
    set('a');
    clock.pass(MEMORY_TTL_MS - 1);
    expect(memory.get('a')).toBe('a');
    clock.pass(1);
    expect(memory.get('a')).toBeUndefined();
    expect(memory.get('b')).toBeUndefined();
  });

  test('returns a text no longer than its row may be served', () => {
    const { clock, memory, set } = createMemory();
    set('a', 'a', 10);
    clock.pass(9);
    expect(memory.get('a')).toBe('a');
    clock.pass(1);
    expect(memory.get('a')).toBeUndefined();
  });

  test.each([0, -1])('never returns a text whose row expires in %i ms', (ttlMs) => {
    const { memory, set } = createMemory();
    set('a', 'a', ttlMs);
    expect(memory.get('a')).toBeUndefined();
  });

  test('returns the text that was set last', () => {
    const { memory, set } = createMemory();
    for (const text of ['old', 'new']) set('a', text);
    expect(memory.get('a')).toBe('new');
  });

  test('keeps 128 texts of the maximum size, and evicts the oldest', () => {
    const { memory, set } = createMemory();
    for (let index = 0; index < 200; index++) set(`u${index}`, LARGE);
    const isCached = Array.from({ length: 200 }, (_, index) => memory.get(`u${index}`) !== undefined);
    expect(isCached).toEqual([...Array(72).fill(false), ...Array(128).fill(true)]);
  });

  test('counts a replaced text once, so that there is room for others', () => {
    const { clock, memory, set } = createMemory();
    for (let round = 0; round < 500; round++) {
      set('same', LARGE);
      clock.pass(1);
    }
    set('other');
    expect([memory.get('same'), memory.get('other')]).not.toContain(undefined);
  });
});
