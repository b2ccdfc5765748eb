import { describe, expect, test } from 'vitest';
import { csvCell, csvLine } from '../../../lambdas/reports/csv.ts';

describe('a cell', () => {
  test.each(['=1+1', '+1', '-1', '@SUM(A1)', '\tx', '\rx', '\nx', '＝1', '＋1', '－1', '＠x'])(
    'of the text %j is not taken for a formula',
    (text) => {
      expect(csvCell(text).replace(/^"/, '')).toMatch(/^'/);
    },
  );

  test.each([
    [-1500, '-1500'],
    [0, '0'],
    [1_000_000_000_000_000, '1000000000000000'],
    [undefined, ''],
    ['', ''],
  ])('of %j is %j', (value, cell) => {
    expect(csvCell(value)).toBe(cell);
  });

  test.each([
    ['plain', 'plain'],
    ['a = b', 'a = b'],
    ['a,b', '"a,b"'],
    ['say "hi"', '"say ""hi"""'],
    ['two\nlines', '"two\nlines"'],
    ['=HYPERLINK("http://x","y")', `"'=HYPERLINK(""http://x"",""y"")"`],
  ])('of the text %j is %j', (value, cell) => {
    expect(csvCell(value)).toBe(cell);
  });
});

test('keeps a negative number, so that a spreadsheet adds it', () => {
  expect(csvLine([-5, -1_500_000])).toBe('-5,-1500000\r\n');
});

test('doubles the quotes of a text', () => {
  expect(csvCell('"a", b')).toBe('"""a"", b"');
});

test('a line ends as RFC 4180 says', () => {
  expect(csvLine(['a', -1, undefined, 'b'])).toBe('a,-1,,b\r\n');
});
