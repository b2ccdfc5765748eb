import { execFile } from 'node:child_process';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import { promisify } from 'node:util';
import { UserError } from '../tools/user-error.ts';

const run = promisify(execFile);

type Owner = { pid: number; command: string };

/** Throws with the port, who has it and the setting that chooses another. */
export async function assertFree(port: number, setting: string): Promise<void> {
  if (await isFree(port)) return;
  const owner = await portOwner(port);
  const by = owner ? ` by ${owner.command} (pid ${owner.pid})` : '';
  throw new UserError(
    `Port ${port} is taken${by}.`,
    `Stop that, or choose another port: ${setting}=${port + 1} npm start`,
  );
}

export async function isFree(port: number): Promise<boolean> {
  return await new Promise((answer, fail) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') answer(false);
      else fail(error);
    });
    probe.listen(port, '127.0.0.1', () => probe.close(() => answer(true)));
  });
}

/** A port that nobody has at this moment. */
export async function freePort(): Promise<number> {
  return await new Promise((answer, fail) => {
    const probe = createServer();
    probe.once('error', fail);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => (address && typeof address === 'object' ? answer(address.port) : fail(new Error('no port'))));
    });
  });
}

/** Which process listens on a port: from /proc where there is one, else by asking lsof. */
export async function portOwner(port: number): Promise<Owner | undefined> {
  const inodes = new Set<string>();
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const inode of listeningInodes(await readFile(table, 'utf8').catch(() => ''), port)) inodes.add(inode);
  }
  const pid = inodes.size > 0 ? await holderOf(inodes) : await askLsof(port);
  return pid === undefined ? undefined : { pid, command: await commandOf(pid) };
}

/** The inodes of sockets in state LISTEN (0A) on a port, from the text of /proc/net/tcp. */
export function listeningInodes(table: string, port: number): string[] {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  return table
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(`:${hex}`) && fields[3] === '0A')
    .map((fields) => fields[9] ?? '')
    .filter((inode) => inode !== '');
}

async function holderOf(inodes: Set<string>): Promise<number | undefined> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  for (const pid of pids) {
    // Other users' processes cannot be read, and processes end while we look: both are simply not the answer.
    const files = await readdir(`/proc/${pid}/fd`).catch(() => []);
    for (const file of files) {
      const target = await readlink(`/proc/${pid}/fd/${file}`).catch(() => '');
      const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
      if (inode && inodes.has(inode)) return Number(pid);
    }
  }
  return undefined;
}

async function askLsof(port: number): Promise<number | undefined> {
  // No lsof, or nobody there: the owner stays unknown, the port is still named.
  const answer = await run('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-t']).catch(() => ({ stdout: '' }));
  const pid = Number.parseInt(answer.stdout, 10);
  return Number.isNaN(pid) ? undefined : pid;
}

async function commandOf(pid: number): Promise<string> {
  const proc = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  const line = proc
    ? proc.split('\0').join(' ').trim()
    : (await run('ps', ['-o', 'command=', '-p', String(pid)]).catch(() => ({ stdout: '' }))).stdout.trim();
  return line.length > 80 ? `${line.slice(0, 77)}…` : line || 'an unknown process';
}
