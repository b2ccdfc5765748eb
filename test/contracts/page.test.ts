import { describe, expect, test } from 'vitest';
import { allRoutes } from '../../lib/routes.ts';
import { filesOf, importsOf, textOf } from '../support/source-tree.ts';

const files = filesOf('web/**/*.*');
const scripts = files.filter((file) => file.endsWith('.js'));
const page = textOf('web/index.html');
const doors = Object.values(allRoutes);

describe('the page', () => {
  test('has no folder that is named like a door: the gateway would take its files for requests', () => {
    const taken = new Set(doors.map((door) => door.split('/')[1]));
    const folders = new Set(files.map((file) => file.split('/')[1]));
    expect(folders.size).toBeGreaterThan(1);
    expect([...folders].filter((folder) => taken.has(folder))).toEqual([]);
  });

  test('asks only for files that are there', () => {
    const linked = [...page.matchAll(/(?:href|src)="\/([^"]*\.(?:js|css))"/g)].map(([, path]) => `web/${path}`);
    const imported = scripts.flatMap((script) => importsOf(script).map(({ to }) => to));
    expect(linked.length).toBeGreaterThan(0);
    expect(imported.length).toBeGreaterThan(linked.length);
    expect([...linked, ...imported].filter((file) => !files.includes(file))).toEqual([]);
  });

  test('has every element that its scripts look for', () => {
    const wanted = scripts.flatMap((script) =>
      [...textOf(script).matchAll(/(?:\$|onSubmit)\('([\w-]+)'/g)].map(([, id]) => id),
    );
    expect(wanted.length).toBeGreaterThan(10);
    expect(wanted.filter((id) => !page.includes(`id="${id}"`))).toEqual([]);
  });
});
