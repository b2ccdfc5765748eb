import { describe, expect, test } from 'vitest';
import { commands } from '../../bin/ops/commands.ts';
import { importsOf, textOf } from '../support/source-tree.ts';

/** Modules through which a command writes without an AWS command of its own. */
const WRITERS = [
  'bin/ops/put-rules.ts',
  'lambdas/shared/store/commit.ts',
  'lambdas/shared/messaging/sqs-sender.ts',
  'lambdas/relay/event-bus.ts',
  'tools/document-publisher.ts',
  'bin/ops/request-report.ts',
];
/** The verbs of AWS operations that change nothing. Hiding a message while it is read is part of reading a queue. */
const READS = /^(Describe|Filter|Get|List|Receive|ChangeMessageVisibility)/;

/** Returns the file of each command, from the list that `bin/ops/commands.ts` declares. */
const filesByName = new Map(
  [
    ...textOf('bin/ops/commands.ts').matchAll(/\b(?:reads|writes)\(\s*'([^']+)',[^(]*\(\) => import\('\.\/([^']+)'\)/g),
  ].map(([, name = '', file = '']) => [name, `bin/ops/${file}`]),
);

/** Returns a file and everything of the product that it imports at run time. */
function closureOf(file: string, found = new Set<string>()): Set<string> {
  if (found.has(file)) return found;
  found.add(file);
  for (const { to, typeOnly } of importsOf(file))
    if (/^(bin|tools|lambdas)\//.test(to) && !typeOnly) closureOf(to, found);
  return found;
}

/** Returns what a command can write with: AWS operations in its own files, and modules that write. */
function writesOf(file: string): string[] {
  const closure = [...closureOf(file)];
  const operations = closure
    .filter((imported) => imported.startsWith('bin/'))
    .flatMap((imported) =>
      [...textOf(imported).matchAll(/\bnew (\w+)Command\(/g)].map(([, operation = '']) => operation),
    );
  return [...operations.filter((operation) => !READS.test(operation)), ...closure.filter((f) => WRITERS.includes(f))];
}

describe.each(commands)('$name', ({ name, effect }) => {
  test(`is declared as a command that ${effect}, as its code does`, () => {
    const file = filesByName.get(name);
    expect(file, 'is listed by reads(…) or writes(…)').toBeDefined();
    const writes = writesOf(file ?? '');
    if (effect === 'reads') expect(writes).toEqual([]);
    else expect(writes).not.toEqual([]);
  });
});

test('every command is found in the list, and these may change a stage', () => {
  expect(filesByName.size).toBe(commands.length);
  expect(commands.filter(({ effect }) => effect === 'writes').map(({ name }) => name)).toEqual([
    'seed users',
    'consumers stop',
    'consumers start',
    'rules set',
    'rules rollback',
    'balances sync',
    'reports create',
    'reports export',
    'publish',
    'cache clear',
    'dlq redrive',
    'outbox resend',
    'webhooks test',
    'webhooks replay',
    'webhooks enable',
    'chaos set',
  ]);
});
