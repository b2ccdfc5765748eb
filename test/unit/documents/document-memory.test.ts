import { describe, expect, test } from 'vitest';
import { DocumentMemory, MEMORY_TTL_MS } from '../../../lambdas/documents/document-memory.ts';

const now = 1_000_000;
const cached = (order_uid: string, document = order_uid, until = now + 360_000) => ({
  found: true as const,
  order_uid,
  document,
  instant: '2026-01-01T00:00:00.',
  hash: 'h',
  until,
});

describe('the memory of one environment', () => {
  test('keeps what was read for five seconds', () => {
    const memory = new DocumentMemory();
    memory.keep(cached('a'), now);
    expect(memory.get('a', now + MEMORY_TTL_MS - 1)).toBe('a');
    expect(memory.get('a', now + MEMORY_TTL_MS)).toBeUndefined();
    expect(memory.get('b', now)).toBeUndefined();
  });

  test('keeps nothing for longer than its row may be served', () => {
    const memory = new DocumentMemory();
    memory.keep(cached('a', 'a', now + 10), now);
    expect(memory.get('a', now + 9)).toBe('a');
    expect(memory.get('a', now + 10)).toBeUndefined();
  });

  test('has the text that was read last', () => {
    const memory = new DocumentMemory();
    for (const text of ['old', 'new']) memory.keep(cached('a', text), now);
    expect(memory.get('a', now)).toBe('new');
  });

  test('has room for 128 of the largest, and forgets the oldest then', () => {
    const memory = new DocumentMemory();
    const text = 'x'.repeat(128 * 1024);
    for (let at = 0; at < 200; at++) memory.keep(cached(`u${at}`, text), now);
    const kept = Array.from({ length: 200 }, (_, at) => memory.get(`u${at}`, now) !== undefined);
    expect(kept).toEqual([...Array(72).fill(false), ...Array(128).fill(true)]);
  });

  test('counts what it forgets: there is always room for the next', () => {
    const memory = new DocumentMemory();
    for (let round = 0; round < 500; round++) memory.keep(cached('same', 'x'.repeat(128 * 1024)), now + round);
    memory.keep(cached('other'), now + 500);
    expect([memory.get('same', now + 500), memory.get('other', now + 500)]).not.toContain(undefined);
  });
});
