import { spawn } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { readOutput, runCommand } from '../../../localstack/processes.ts';

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
