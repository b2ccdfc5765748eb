import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { csvCell, csvLine } from '../../../lambdas/reports/csv.ts';

describe('a cell', () => {
  test.each(['=1+1', '+1', '-1', '@SUM(A1)', '\tx', '\rx', '\nx', '\0x', '＝1', '＋1', '－1', '＠x', ' =1', '"=1'])(
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
    ['x;=1+1', `"x;'=1+1"`],
    ['a\n=1+1', `"a\n'=1+1"`],
    ['a\t+1', `"a\t'+1"`],
    ['a,-1', `"a,'-1"`],
    ['x; "@a"', `"x;' ""@a"""`],
    ['a; b', '"a; b"'],
    ['a;;b', '"a;;b"'],
    ['one\r\ntwo', '"one\r\ntwo"'],
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

/** Splits a text into cells as programs do: a quote at the start of a cell keeps separators and line ends inside. */
function cellsOf(text: string, separator: string): string[] {
  const cells: string[] = [];
  let cell = '';
  let isQuoted = false;
  let isAtStart = true;
  for (const character of text) {
    if (!isQuoted && (character === separator || character === '\r' || character === '\n')) {
      cells.push(cell);
      cell = '';
      isAtStart = true;
      continue;
    }
    if (character === '"' && (isAtStart || isQuoted)) isQuoted = !isQuoted;
    else cell += character;
    isAtStart = false;
  }
  return [...cells, cell];
}

describe('no cell starts with a formula, whatever customers write', () => {
  const characters = ['=', '+', '-', '@', '＝', ';', ',', '"', "'", '\t', '\r', '\n', '\0', ' ', 'a', '1'];
  const text = fc.array(fc.constantFrom(...characters), { maxLength: 12 }).map((parts) => parts.join(''));
  const lines = fc.array(fc.array(text, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 3 });
  const isFormula = (cell: string) => /^[ "\0]*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]/.test(cell);

  test.each([',', ';', '\t'])('for a program that separates cells by %j', (separator) => {
    const property = fc.property(lines, (values) => {
      const file = values.map(csvLine).join('');
      expect(cellsOf(file, separator).filter(isFormula)).toEqual([]);
    });
    fc.assert(property, { numRuns: 2000 });
  });

  test('for a program that does not know quotes', () => {
    const property = fc.property(lines, (values) => {
      const file = values.map(csvLine).join('');
      expect(file.split(/[;,\t\r\n]/).filter(isFormula)).toEqual([]);
    });
    fc.assert(property, { numRuns: 2000 });
  });

  test('and the text is the same without its apostrophes', () => {
    const property = fc.property(text, (value) => {
      const cell = csvCell(value)
        .replace(/^"(.*)"$/s, '$1')
        .replaceAll('""', '"');
      expect(cell.replaceAll("'", '')).toBe(value.replaceAll("'", ''));
    });
    fc.assert(property);
  });
});
