import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const NOT_COPIED = new Set(['.git', '.oncebox', 'cdk.out', 'coverage', 'dist', 'node_modules']);
const run = promisify(execFile);

/** Runs Node in the copy. An error of the command contains its output. */
const node = (...args: string[]) =>
  run(process.execPath, args, { cwd: copy, env: { ...process.env, NO_COLOR: '1' } }).catch((error: unknown) => {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`${args.join(' ')} failed:\n${stdout}${stderr}`);
  });

/** A copy of the source tree, so that the command changes nothing of this one. */
let copy: string;
beforeEach(() => {
  copy = mkdtempSync(join(tmpdir(), 'oncebox-new-'));
  cpSync(root, copy, { recursive: true, filter: (source) => !NOT_COPIED.has(basename(source)) });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
});
afterEach(() => rmSync(copy, { recursive: true, force: true }));

const create = (...args: string[]) => node('tools/new/main.ts', ...args);
const errorOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'no error',
    (error: Error) => error.message,
  );

describe('npm run new', () => {
  test('adds an event, a route and a context that pass all checks', async () => {
    await create('event', 'orders', 'OrderArchived');
    await create('route', 'orders', 'archive-order');
    await create('context', 'shipments');
    await create('event', 'shipments', 'ShipmentCreated');
    await create('context', 'vouchers');
    for (const context of ['payments', 'tickets', 'catalog', 'documents'])
      await create('event', context, `${context.charAt(0).toUpperCase()}${context.slice(1)}Archived`);
    for (const context of ['payments', 'catalog', 'balances', 'documents', 'ops', 'shipments'])
      await create('route', context, `archive-${context}`, `POST /${context}/{id}/archive`);

    const { stdout: staticChecks } = await node('test/check.mjs', '--static');
    expect(staticChecks).toContain('3 of 3 steps passed');
    const tests = ['test/contracts', 'test/infra', 'test/unit'];
    const { stdout } = await node('node_modules/vitest/vitest.mjs', 'run', ...tests, '--reporter=dot');
    expect(stdout).toMatch(/Tests {2}\d+ passed/);
  });

  test('rejects what it cannot add, and changes nothing', async () => {
    const rejected: [string[], string][] = [
      [['event', 'orders', 'archived'], 'archived is not a valid name'],
      [['event', 'orders', 'OrderCreated'], 'order-created.ts exists already'],
      [['event', 'orders', 'OrderPayments'], 'There is a queue order-payments already'],
      [['event', 'invoices', 'InvoiceSent'], 'There is no context invoices'],
      [['event', 'ops', 'HealthChecked'], 'ops has no table'],
      [['event', 'balances', 'BalanceRead'], 'balances is a read model'],
      [['route', 'orders', 'place-order'], 'place-order.ts exists already'],
      [['route', 'tickets', 'scan-ticket'], 'The context tickets has no API'],
      [['route', 'orders', 'archive', 'orders'], 'is not a method and a path'],
      [['context', 'orders'], 'The context orders exists already'],
      [['context', 'returns'], 'returns is not a valid name'],
      [['context', 'inventory'], 'inventory is not a valid name'],
      [['context', 'dependencies'], 'dependencies is not a valid name'],
      [['context', 'headers'], 'bin/openapi.ts declares headers already'],
      [['context', 'apis'], 'bin/openapi.ts declares apis already'],
      [['table', 'orders'], 'npm run new -- context <name>'],
    ];
    for (const [args, message] of rejected) expect(await errorOf(create(...args)), args.join(' ')).toContain(message);
    const { stdout } = await run('diff', ['-r', ...[...NOT_COPIED].map((name) => `--exclude=${name}`), root, copy]);
    expect(stdout).toBe('');
  });
});
