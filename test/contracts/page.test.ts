import { describe, expect, test } from 'vitest';
import { pageHeaders } from '../../lib/page-headers.ts';
import { allRoutes } from '../../lib/routes.ts';
import { filesOf, importsOf, textOf } from '../support/source-tree.ts';

const files = filesOf('web/**/*.*');
const scripts = files.filter((file) => file.endsWith('.js'));
const page = textOf('web/index.html');

describe('the page', () => {
  // The local gateway sends a request below the first segment of a route to the API, so such a file would not be
  // served.
  test('has no folder with the name of a first path segment of a route', () => {
    const segments = new Set(Object.values(allRoutes).map((routeKey) => routeKey.split('/')[1]));
    const folders = new Set(files.map((file) => file.split('/')[1]));
    expect(folders.size).toBeGreaterThan(1);
    expect([...folders].filter((folder) => segments.has(folder))).toEqual([]);
  });

  test('links and imports only files that exist', () => {
    const linked = [...page.matchAll(/(?:href|src)="\/([^"]*\.(?:js|css|svg))"/g)].map(([, path]) => `web/${path}`);
    const imported = scripts.flatMap((script) => importsOf(script).map(({ to }) => to));
    expect(linked.length).toBeGreaterThan(0);
    expect(imported.length).toBeGreaterThan(linked.length);
    expect([...linked, ...imported].filter((file) => !files.includes(file))).toEqual([]);
  });

  test('needs nothing that its Content-Security-Policy forbids', () => {
    const policy = new Map(
      (pageHeaders['content-security-policy'] ?? '').split('; ').map((directive) => {
        const [name = '', ...sources] = directive.split(' ');
        return [name, sources.join(' ')];
      }),
    );
    expect(policy.get('default-src')).toBe("'none'");
    // Of the sources, only the page's own host is allowed: no inline code, no `data:`, no other host.
    for (const name of ['script-src', 'style-src', 'img-src', 'connect-src']) expect(policy.get(name)).toBe("'self'");
    for (const name of ['base-uri', 'form-action', 'frame-ancestors']) expect(policy.get(name)).toBe("'none'");
    expect(page.match(/<script(?![^>]*\ssrc="\/)|<style|\s(?:style|on[a-z]+)="/gi)).toBeNull();
    expect(page.match(/(?:href|src)="(?![/#])[^"]*"/g)).toBeNull();
    for (const script of scripts)
      expect(
        textOf(script).match(/innerHTML|insertAdjacentHTML|document\.write|\beval\(|\.style\b|new Function/),
        script,
      ).toBeNull();
  });

  test('has every element that its scripts look up', () => {
    const ids = scripts.flatMap((script) =>
      [...textOf(script).matchAll(/(?:\$|onSubmit)\('([\w-]+)'/g)].map(([, id]) => id),
    );
    expect(ids.length).toBeGreaterThan(10);
    expect(ids.filter((id) => !page.includes(`id="${id}"`))).toEqual([]);
  });
});
