import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import {
  identify,
  isAlive,
  killOrphanWorkers,
  type ProcessIdentity,
  readOutput,
  runCommand,
  stop,
} from '../../../localstack/processes.ts';

const start = (script: string) => spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'pipe'] });

describe('readOutput', () => {
  test('returns the exit code and what the child wrote to stdout and stderr', async () => {
    const { code, output } = await readOutput(
      start("console.log('to stdout'); console.error('to stderr'); process.exit(3)"),
    );
    expect(code).toBe(3);
    expect(output.split('\n').toSorted()).toEqual(['', 'to stderr', 'to stdout']);
  });

  test('rejects with the error of a child that cannot be started', async () => {
    await expect(readOutput(spawn('/nowhere/cdk'))).rejects.toThrow('spawn /nowhere/cdk ENOENT');
  });

  test('rejects with the error of a running child', async () => {
    const child = start('process.stdin.resume()');
    const result = readOutput(child);
    child.emit('error', new Error('kill EPERM'));
    child.kill('SIGKILL');
    await expect(result).rejects.toThrow('kill EPERM');
  });
});

describe('runCommand', () => {
  test('returns 127 and the reason for a command that is not installed', async () => {
    const { code, output } = await runCommand('/nowhere/docker', ['version']);
    expect([code, output]).toEqual([127, 'spawn /nowhere/docker ENOENT']);
  });

  test('returns the output of a command', async () => {
    const { code, output } = await runCommand(process.execPath, ['-p', 'process.env.GREETING'], { GREETING: 'hello' });
    expect([code, output]).toEqual([0, 'hello\n']);
  });
});

describe('killing the workers of an engine', () => {
  const folder = mkdtempSync(join(tmpdir(), 'oncebox-workers-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** Starts a process that runs until it is killed. */
  async function startScript(name: string): Promise<ProcessIdentity> {
    const script = join(folder, name);
    writeFileSync(script, 'console.log(0); setInterval(() => {}, 1000);');
    const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    const identity = await identify(child.pid ?? 0);
    if (!identity) throw new Error('the process has ended at once');
    return identity;
  }

  test('ends those of the folder before it returns, and no other process', async () => {
    const workers = [
      await startScript('ministack-lambda-a_worker.js'),
      await startScript('ministack-lambda-b_worker.js'),
    ];
    const other = await startScript('other.js');
    await killOrphanWorkers(folder);
    expect(await Promise.all(workers.map(isAlive))).toEqual([false, false]);
    expect(await isAlive(other)).toBe(true);
    await stop(other, 5000);
    expect(await isAlive(other)).toBe(false);
  });
});
