import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { Busy } from '../../lambdas/shared/runtime/errors.ts';
import type { Scanner } from '../../lambdas/shared/store/scanner.ts';
import type { Key, Row, Store } from '../../lambdas/shared/store/store.ts';

const SEGMENTS = 3;
const DAY = { attribute: 'at', from: '2026-01-01T00:00:00.000Z', below: '2026-01-02T00:00:00.000Z' } as const;

interface ScannedTable {
  readonly store: Store;
  readonly scanner: Scanner;
}

/** Reads all pages of all segments. */
async function scanAll(scanner: Scanner, range = DAY as { attribute: string; from: string; below: string }) {
  const rows: Row[] = [];
  for (let segment = 0; segment < SEGMENTS; segment++) {
    let after: Key | undefined;
    do {
      const page = await scanner.scan({ segment, segments: SEGMENTS, range, after });
      rows.push(...page.rows);
      after = page.next;
    } while (after);
  }
  return rows;
}

/** Tests the behaviour that every adapter of `Scanner` must have. The table may hold rows of other tests. */
export function scannerContract(name: string, createTable: () => ScannedTable | Promise<ScannedTable>): void {
  const setUp = async () => {
    const table = await createTable();
    const prefix = `SCAN#${randomUUID()}`;
    const put = (rows: readonly (Key & { at?: string; text?: string })[]) =>
      table.store.write(
        rows.map(({ pk, ...row }) => ({ op: 'put', row: { pk: `${prefix}#${pk}`, ...row } })),
        randomUUID(),
      );
    const scanOwn = async () =>
      (await scanAll(table.scanner))
        .filter(({ pk }) => pk.startsWith(prefix))
        .map(({ pk, sk }) => `${pk.slice(prefix.length + 1)} ${sk}`);
    return { ...table, put, scanOwn };
  };

  describe(`the ${name} scanner`, () => {
    test('returns each row of the range once: from the first moment on, and before the last', async () => {
      const { put, scanOwn } = await setUp();
      await put([
        { pk: 'a', sk: '1', at: '2025-12-31T23:59:59.999Z' },
        { pk: 'a', sk: '2', at: '2026-01-01T00:00:00.000Z' },
        { pk: 'b', sk: '1', at: '2026-01-01T23:59:59.999Z' },
        { pk: 'b', sk: '2', at: '2026-01-02T00:00:00.000Z' },
        { pk: 'c', sk: '1' },
      ]);
      expect((await scanOwn()).toSorted()).toEqual(['a 2', 'b 1']);
    });

    test('returns all rows of a table with many partitions and pages, in the same order each time', async () => {
      const { put, scanOwn } = await setUp();
      // 240 rows of 10 KB are more than the 1 MB that DynamoDB reads for one page of a segment.
      const text = 'x'.repeat(10_000);
      const rows = Array.from({ length: 240 }, (_, index) => ({
        pk: `p${index % 60}`,
        sk: String(index),
        at: DAY.from,
        text,
      }));
      for (let start = 0; start < rows.length; start += 80) await put(rows.slice(start, start + 80));
      const first = await scanOwn();
      expect(first.toSorted()).toEqual(rows.map(({ pk, sk }) => `${pk} ${sk}`).toSorted());
      expect(await scanOwn()).toEqual(first);
    });

    test('throws Busy after its deadline', async () => {
      const { scanner } = await setUp();
      const late = scanner.withDeadline(Date.now() - 1);
      await expect(late.scan({ segment: 0, segments: 1, range: DAY })).rejects.toBeInstanceOf(Busy);
    });
  });
}
