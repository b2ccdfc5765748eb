import { describe, expect, test } from 'vitest';
import { plant } from '../../tools/mutate/planted-bug.ts';
import { plantedBugs, plantedBugsByArea } from '../../tools/mutate/planted-bugs.ts';
import { withPlantedTable } from '../../tools/mutate/tables.ts';
import { textOf } from '../support/source-tree.ts';

// `npm run mutate -- --planted` runs the tests with each bug. These tests keep the list valid in a second.

describe('the planted bugs', () => {
  test('cover every area, with at least 63 in all', () => {
    expect(plantedBugs.length).toBeGreaterThanOrEqual(63);
    for (const bugs of Object.values(plantedBugsByArea)) expect(bugs.length).toBeGreaterThan(0);
  });

  test('have unique names', () => {
    const names = plantedBugs.map(({ name }) => name);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  test('can be planted, since each text to replace occurs exactly once in its file', () => {
    const errors = plantedBugs.flatMap((bug) => {
      try {
        return plant(textOf(bug.file), bug) === textOf(bug.file) ? [`${bug.name} changes nothing`] : [];
      } catch (error) {
        return [(error as Error).message];
      }
    });
    expect(errors).toEqual([]);
  });

  test('name tests that exist', () => {
    const missing = plantedBugs.filter(({ caughtBy: [file, title] }) => !textOf(file).includes(title));
    expect(missing.map(({ name }) => name)).toEqual([]);
  });

  test('are listed in docs/testing.md (write the table by `npm run mutate -- --table`)', () => {
    const document = textOf('docs/testing.md');
    expect(withPlantedTable(document)).toBe(document);
  });

  test('cannot be planted in a text that has changed', () => {
    const bug = { name: 'n', file: 'f', find: 'a', replace: 'b', consequence: 'c', caughtBy: ['t', 'x'] } as const;
    expect(() => plant('none', { ...bug, find: 'x' })).toThrow('does not occur exactly once in f');
    expect(() => plant('a and a', bug)).toThrow('does not occur exactly once in f');
    expect(plant('one a', bug)).toBe('one b');
  });
});
