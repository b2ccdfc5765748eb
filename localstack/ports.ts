import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { promisify } from 'node:util';
import { UserError } from '../tools/user-error.ts';

const run = promisify(execFile);

type Owner = { pid: number; command: string };

/** Throws if the port is in use, and names its owner and the setting that chooses another port. */
export async function assertFree(port: number, setting: string): Promise<void> {
  if (await isFree(port)) return;
  const owner = await findPortOwner(port);
  const by = owner ? ` by ${owner.command} (pid ${owner.pid})` : '';
  throw new UserError(
    `Port ${port} is in use${by}.`,
    `Stop that process, or choose another port: ${setting}=${port + 1} npm start`,
  );
}

export async function isFree(port: number): Promise<boolean> {
  try {
    await listenOnce(port);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE' || code === 'EACCES') return false;
    throw error;
  }
}

/** Returns a port that is not in use at this moment. */
export const freePort = (): Promise<number> => listenOnce(0);

/** Listens on a port for a moment, or on a free one if it is 0, and returns it. */
async function listenOnce(port: number): Promise<number> {
  const probe = createServer().listen(port, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address() as AddressInfo;
  await once(probe.close(), 'close');
  return address.port;
}

/**
 * Returns the process that listens on a port. It reads /proc where it exists, since minimal Linux images have neither
 * `ss` nor `lsof`, and asks `lsof` elsewhere.
 */
export async function findPortOwner(port: number): Promise<Owner | undefined> {
  const inodes = new Set<string>();
  for (const path of ['/proc/net/tcp', '/proc/net/tcp6']) {
    const table = await readFile(path, 'utf8').catch(() => '');
    for (const inode of listeningInodes(table, port)) inodes.add(inode);
  }
  const pid = inodes.size > 0 ? await findSocketOwner(inodes) : await askLsof(port);
  return pid === undefined ? undefined : { pid, command: await readCommand(pid) };
}

/** Returns the inodes of the sockets in state LISTEN (0A) on a port, from the text of /proc/net/tcp. */
export function listeningInodes(table: string, port: number): string[] {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  return table
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(`:${hex}`) && fields[3] === '0A')
    .map((fields) => fields[9] ?? '')
    .filter((inode) => inode !== '');
}

async function findSocketOwner(inodes: Set<string>): Promise<number | undefined> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  for (const pid of pids) {
    // Processes of other users cannot be read, and a process may end meanwhile. Neither is then the owner to name.
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
  // Without lsof, or if it finds nothing, the owner stays unknown. The error still names the port.
  const { stdout } = await run('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-t']).catch(() => ({ stdout: '' }));
  const pid = Number.parseInt(stdout, 10);
  return Number.isNaN(pid) ? undefined : pid;
}

async function readCommand(pid: number): Promise<string> {
  const cmdline = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  const text = cmdline || (await run('ps', ['-o', 'command=', '-p', String(pid)]).catch(() => ({ stdout: '' }))).stdout;
  const command = text.replaceAll(/[\0\s]+/g, ' ').trim();
  return command.length > 80 ? `${command.slice(0, 77)}…` : command || 'an unknown process';
}
