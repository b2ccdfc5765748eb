import { existsSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join, sep } from 'node:path';
import { pageHeaders } from '../lib/page-headers.ts';
import { sendProblem } from './gateway-problem.ts';

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
};

type PageHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/**
 * Creates the handler of the page. It serves files of the first folder that has an index.html, and index.html for every
 * other path, since the page has routes of its own. It reads the file at each request, so a changed page is served at
 * once. A file that cannot be read rejects the promise and leaves the server running.
 */
export function createPageHandler(folders: readonly string[]): PageHandler {
  return async ({ method, url = '/' }, response) => {
    const path = url.split('?', 1)[0] ?? '/';
    for (const [name, value] of Object.entries(pageHeaders)) response.setHeader(name, value);
    const folder = folders.find((candidate) => existsSync(join(candidate, 'index.html')));
    if (!folder || (method !== 'GET' && method !== 'HEAD')) {
      sendProblem(response, 404, 'not_found', `No route matches ${method} ${path}.`);
      return;
    }
    const file = findFile(folder, path) ?? join(folder, 'index.html');
    const content = await readFile(file);
    const contentType = CONTENT_TYPES[extname(file)] ?? 'application/octet-stream';
    response.writeHead(200, { 'content-type': contentType, 'cache-control': 'no-cache' });
    response.end(method === 'HEAD' ? undefined : content);
  };
}

function findFile(folder: string, path: string): string | undefined {
  // A `%2e%2e` is decoded to `..` here, and `join` resolves it, so the prefix shows whether the file is inside.
  const file = join(folder, decode(path));
  const isInside = file.startsWith(folder + sep) && !file.includes('\0');
  return isInside && existsSync(file) && statSync(file).isFile() ? file : undefined;
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch (error) {
    if (error instanceof URIError) return '/';
    throw error;
  }
}
