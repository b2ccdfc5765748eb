import { expect, test, vi } from 'vitest';
import { zip } from '../../../localstack/zip.ts';

test('zip returns the same bytes for the same files at any time', () => {
  const files = { 'index.js': Buffer.from('exports.handler = "é";'), 'package.json': Buffer.from('{}') };
  const archives = ['2026-01-01', '2027-06-15'].map((date) => {
    vi.useFakeTimers({ now: new Date(date) });
    try {
      return zip(files);
    } finally {
      vi.useRealTimers();
    }
  });
  expect(archives[0]).toEqual(archives[1]);
});
