import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SourceCopy } from '../support/source-copy.ts';

let copy: SourceCopy;
beforeEach(() => {
  copy = new SourceCopy();
});
afterEach(() => copy.remove());

const create = (...args: string[]) => copy.node('tools/new/main.ts', ...args);

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

    const { stdout: staticChecks } = await copy.node('test/check.mjs', '--static');
    expect(staticChecks).toContain('3 of 3 steps passed');
    const tests = ['test/contracts', 'test/infra', 'test/unit'];
    const { stdout } = await copy.node('node_modules/vitest/vitest.mjs', 'run', ...tests, '--reporter=dot');
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
    for (const [args, message] of rejected) await expect(create(...args), args.join(' ')).rejects.toThrow(message);
    expect(await copy.differences()).toBe('');
  });
});
