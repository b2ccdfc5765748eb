import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join, normalize, sep } from 'node:path';
import { sendProblem } from './gateway-problem.ts';

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.map': 'application/json',
};

/** A file of the page; for a path that is none, the page itself, which knows its own routes. */
export async function servePage(
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
  folders: readonly string[],
): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    sendProblem(response, 404, 'not_found', 'There is no such route.');
    return;
  }
  const file = await findFile(path, folders);
  if (!file) {
    sendProblem(response, 404, 'not_found', 'There is no such route, and no page is built yet.');
    return;
  }
  response.writeHead(200, {
    'content-type': TYPES[extname(file)] ?? 'application/octet-stream',
    'cache-control': 'no-cache',
  });
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  await new Promise<void>((done, fail) => {
    const stream = createReadStream(file).once('error', fail);
    response.once('close', done);
    stream.pipe(response);
  });
}

async function findFile(path: string, folders: readonly string[]): Promise<string | undefined> {
  const wanted = decode(path);
  for (const folder of folders) {
    if (!(await isFile(join(folder, 'index.html')))) continue;
    const file = normalize(join(folder, wanted));
    if (file.startsWith(folder + sep) && (await isFile(file))) return file;
    return join(folder, 'index.html');
  }
  return undefined;
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch (error) {
    if (error instanceof URIError) return '/';
    throw error;
  }
}

async function isFile(path: string): Promise<boolean> {
  // A NUL in the path and a missing file are the same answer here: no.
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() ?? false;
}
