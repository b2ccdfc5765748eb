import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
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
    await create('route', 'shipments', 'cancel-shipment', 'POST /shipments/{id}/cancel');
    for (const file of ['on-order-archived.ts', 'archive-order.ts'])
      expect(existsSync(join(copy, 'lambdas/orders', file))).toBe(true);

    const { stdout: staticChecks } = await node('test/check.mjs', '--static');
    expect(staticChecks).toContain('3 of 3 steps passed');
    const tests = ['test/contracts', 'test/infra', 'test/unit/orders', 'test/unit/shipments'];
    const { stdout } = await node('node_modules/vitest/vitest.mjs', 'run', ...tests, '--reporter=dot');
    expect(stdout).toMatch(/Tests {2}\d+ passed/);
  });

  test('rejects a name that is invalid or taken, and changes nothing', async () => {
    expect(await errorOf(create('event', 'orders', 'archived'))).toContain('archived is not a valid name');
    expect(await errorOf(create('event', 'orders', 'OrderCreated'))).toContain('order-created.ts exists already');
    expect(await errorOf(create('event', 'invoices', 'InvoiceSent'))).toContain('There is no context invoices');
    expect(await errorOf(create('route', 'orders', 'place-order'))).toContain('place-order.ts exists already');
    expect(await errorOf(create('context', 'orders'))).toContain('The context orders exists already');
    expect(await errorOf(create('table', 'orders'))).toContain('npm run new -- context <name>');
    expect(await errorOf(create('event', 'relay', 'EventRelayed'))).toContain('There is no context relay');
    expect(await errorOf(create('context', 'data'))).toContain('data is not a valid name');
    for (const file of ['docs/openapi.json', 'events/ids.ts', 'lib/contexts/orders.ts', 'lib/platform.ts'])
      expect(readFileSync(join(copy, file), 'utf8')).toBe(readFileSync(join(root, file), 'utf8'));
  });
});
