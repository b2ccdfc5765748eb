import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readJsonObject } from '../../../bin/ops/json-file.ts';
import { readKnownRules, toUserError } from '../../../bin/ops/rules-api.ts';
import { describeEffect, formatRules } from '../../../bin/ops/rules-format.ts';
import { formatVersions } from '../../../bin/ops/rules-history.ts';
import { formatTrial, type Trial } from '../../../bin/ops/rules-try.ts';

const folder = mkdtempSync(join(tmpdir(), 'oncebox-rules-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const unreadable = {
  version: 5,
  created_at: '2026-01-01T12:00:00.000Z',
  errors: [{ path: 'rules.0.when.weekday', message: 'unknown field' }],
};

describe('rules show', () => {
  test('shows each rule with its effect, products and conditions in words', () => {
    const text = formatRules({
      version: 4,
      created_at: '2026-01-01T12:00:00.000Z',
      mode: 'combine',
      rules: [
        { id: 'all', effect: { type: 'amount', amount: -300 } },
        {
          id: 'late',
          description: 'Last seats',
          skus: ['gig', 'show'],
          when: { stock: { at_most: 10 }, time: { from: '2026-01-01T00:00:00Z' }, customer_tag: 'staff' },
          effect: { type: 'percent', basis_points: 2000 },
        },
      ],
    });
    expect(text.split('\n')).toEqual([
      'Version 4: 2 rules, combine, since 2026-01-01 12:00:00.000',
      '',
      'rule  effect   products      when                                              description',
      'all   300 off  all products  always',
      'late  20 % up  gig, show     stock ≤ 10, from 2026-01-01T00:00:00Z, tag staff  Last seats',
    ]);
  });

  test('shows that there are no rules yet', () => {
    expect(formatRules({ version: 0, mode: 'first_match', rules: [] })).toBe('Version 0: 0 rules, first_match');
  });

  test.each([
    [{ type: 'percent', basis_points: -1250 }, '12.5 % off'],
    [{ type: 'percent', basis_points: -5 }, '0.05 % off'],
    [{ type: 'percent', basis_points: 10_000 }, '100 % up'],
    [{ type: 'amount', amount: 30 }, '30 up'],
    [{ type: 'price', price: 900 }, 'price 900'],
  ] as const)('describes %j as %s', (effect, text) => expect(describeEffect(effect)).toBe(text));

  test('names what the release does not know', () => {
    expect(formatRules(unreadable)).toBe(
      'Version 5: rules that this release does not know, since 2026-01-01 12:00:00.000\n' +
        '    rules.0.when.weekday: unknown field',
    );
  });
});

test('rules history lists the versions with the ids of their rules', () => {
  const created_at = '2026-01-01T12:00:00.000Z';
  expect(
    formatVersions([
      { version: 2, created_at, mode: 'combine', rules: ['a', 'b'] },
      unreadable,
      { version: 1, created_at, mode: 'first_match', rules: [] },
    ]).split('\n'),
  ).toEqual([
    'version  since                    mode         rules',
    '      2  2026-01-01 12:00:00.000  combine      a, b',
    '      5  2026-01-01 12:00:00.000  -            not known to this release',
    '      1  2026-01-01 12:00:00.000  first_match  none',
  ]);
  expect(formatVersions([])).toBe('There are no price rules yet.');
});

describe('rules rollback', () => {
  const readVersion = (answer: object) =>
    readKnownRules(async <T>(_method: string, path: string) => ({ ...answer, path }) as T, 5);

  test('reads the version to return to', async () => {
    const rules = { version: 5, mode: 'combine', rules: [] };
    expect(await readVersion(rules)).toEqual({ ...rules, path: '/catalog/rules/versions/5' });
  });

  test('refuses a version that the release does not know, and names what it does not know', async () => {
    await expect(readVersion(unreadable)).rejects.toMatchObject({
      message: expect.stringMatching(
        /Version 5 has rules .* does not know.*\n {4}rules\.0\.when\.weekday: unknown field/,
      ),
    });
  });
});

describe('rules try', () => {
  const line = { sku: 'gig', quantity: 2, list_price: 500 };
  const applied = (rule: string) => ({ rule, before: 1, after: 2 });
  const trial: Trial = {
    live: {
      rules_version: 3,
      total: 1300,
      lines: [
        { ...line, price: 500, amount: 1000, rules: [] },
        { sku: 'show', quantity: 1, seat: 'A1', list_price: 300, price: 300, amount: 300, rules: [applied('old')] },
      ],
    },
    tried: {
      total: 1310,
      lines: [
        { ...line, price: 450, amount: 900, rules: [applied('a'), applied('b')] },
        { sku: 'show', quantity: 1, seat: 'A1', list_price: 300, price: 410, amount: 410, rules: [applied('c')] },
      ],
    },
  };

  test('shows the difference line by line, and in total', () => {
    expect(formatTrial(trial).split('\n')).toEqual([
      'Now: version 3',
      '',
      'item     quantity  list price   now  tried  change  rules now  rules tried',
      'gig      2         500         1000    900  -100    -          a, b',
      'show A1  1         300          300    410  +110    old        c',
      'total                          1300   1310  +10',
    ]);
  });

  test('shows that an order would be rejected', () => {
    const text = formatTrial({ ...trial, tried: { ...trial.tried, rejected: 'amount_zero' } });
    expect(text).toContain('\nAn order of these items by the tried rules is rejected: amount_zero.');
    expect(text).not.toContain('now is rejected');
  });
});

describe('a rejection of the API', () => {
  const respond = (status: number, body: object) => toUserError({ url: 'u', status, text: JSON.stringify(body) });

  test('is shown with all faults of the file', () => {
    const error = respond(400, {
      detail: 'The request is not valid.',
      code: 'invalid_request',
      errors: [
        { path: 'mode', message: 'wrong' },
        { path: 'rules.0.id', message: 'too long' },
      ],
    });
    expect(error.message).toBe('The request is not valid.\n    mode: wrong\n    rules.0.id: too long');
    expect(error.remedy).toBe('Nothing was changed. Correct the file and run the command again.');
  });

  test.each([
    [404, 'rules_version_not_found', 'npm run ops -- rules history'],
    [409, 'rules_changed', 'Nothing was changed. npm run ops -- rules show'],
    [400, 'unknown_sku', 'Nothing was changed.'],
  ])('%i %s has the remedy: %s', (status, code, remedy) => {
    expect(respond(status, { detail: 'Why.', code })).toMatchObject({ message: 'Why.', remedy });
  });

  test('that is an error of the function names its logs', () => {
    expect(respond(500, {}).remedy).toBe('npm run ops -- logs tail catalog-api --since 5m');
  });
});

describe('a file', () => {
  const write = (text: string) => {
    const path = join(folder, 'file.json');
    writeFileSync(path, text);
    return path;
  };

  test('is read if it holds a JSON object', async () => {
    expect(await readJsonObject(write('{"a": 1}'))).toEqual({ a: 1 });
  });

  test.each([
    ['[]', 'holds no JSON object'],
    ['null', 'holds no JSON object'],
    ['{', 'is not JSON'],
  ])('with %s is reported', async (text, problem) => {
    await expect(readJsonObject(write(text))).rejects.toMatchObject({ message: expect.stringContaining(problem) });
  });

  test('that does not exist is reported', async () => {
    await expect(readJsonObject(join(folder, 'nothing.json'))).rejects.toMatchObject({ remedy: 'Check the path.' });
  });
});
