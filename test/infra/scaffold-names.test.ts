import { App } from 'aws-cdk-lib';
import { expect, test } from 'vitest';
import { configOf } from '../../lib/config.ts';
import { ContextTable } from '../../lib/constructs/outbox-table.ts';
import { DataStack } from '../../lib/data.ts';
import { checkName } from '../../tools/new/names.ts';

test('a new context is not named as a member of the stack that gets its table', () => {
  const stack = new DataStack(new App(), configOf('local'));
  const members = new Map<string, unknown>();
  for (let part: object | null = stack; part; part = Object.getPrototypeOf(part))
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(part))) members.set(name, value);
  const names = [...members].filter(([name, value]) => /^[a-z]+s$/.test(name) && !(value instanceof ContextTable));
  expect(names.map(([name]) => name)).toEqual(expect.arrayContaining(['outboxes', 'tags']));
  for (const [name] of names) expect(() => checkName('context', name)).toThrow(`${name} is not a valid name`);
});
