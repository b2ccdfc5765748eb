import { existsSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import sirv from 'sirv';
import { sendProblem } from './gateway-problem.ts';

/**
 * Creates the handler of the page. It serves files of the first folder that has an index.html, and index.html for every
 * other path, since the page has routes of its own.
 */
export function createPageHandler(
  folders: readonly string[],
): (request: IncomingMessage, response: ServerResponse) => void {
  const sites = folders.map((folder) => ({
    index: join(folder, 'index.html'),
    // With `dev` the files are read at each request, so that a changed page is served at once; with `etag` replies are
    // `no-cache`. Without ignored paths, a path that looks like a file name gets index.html too.
    serve: sirv(folder, { dev: true, etag: true, single: true, ignores: false }),
  }));
  return (request, response) => {
    const { method, url = '/' } = request;
    const site = method === 'GET' || method === 'HEAD' ? sites.find(({ index }) => existsSync(index)) : undefined;
    if (site) site.serve(request, response);
    else sendProblem(response, 404, 'not_found', `No route matches ${method} ${url.split('?', 1)[0]}.`);
  };
}
