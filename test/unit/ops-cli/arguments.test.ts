import { describe, expect, test } from 'vitest';
import { parseArguments, parseWholeNumber } from '../../../bin/ops/arguments.ts';
import { defineCommand } from '../../../bin/ops/command.ts';
import { commands, findCommand } from '../../../bin/ops/commands.ts';
import { helpOf, overview } from '../../../bin/ops/help.ts';
import { UsageError } from '../../../bin/ops/usage-error.ts';

const sample = defineCommand({
  takes: { usage: '<queue>', min: 1, max: 1 },
  options: { id: { type: 'string', multiple: true, help: 'one' }, 'dry-run': { type: 'boolean', help: 'nothing' } },
  examples: ['sample a'],
  run: async () => undefined,
});
const read = (args: string[], env = {}) => parseArguments('sample', sample, args, env);

describe('the command line', () => {
  test('names a command by one word or two', () => {
    expect(findCommand(['queues', '--watch'])?.name).toBe('queues');
    expect(findCommand(['dlq', 'redrive', 'order-payments'])?.name).toBe('dlq redrive');
    expect(findCommand(['dlq'])).toBeUndefined();
    expect(findCommand(['quees'])).toBeUndefined();
  });

  test('takes its stage from the flag, else from the environment, else it is local', () => {
    expect(read(['q', '--stage', 'prod'], { ONCEBOX_STAGE: 'test' }).stage).toBe('prod');
    expect(read(['q'], { ONCEBOX_STAGE: 'test' }).stage).toBe('test');
    expect(read(['q'], { ONCEBOX_STAGE: '' }).stage).toBe('local');
  });

  test('keeps each of a repeated flag, wherever it stands', () => {
    expect(read(['--id', 'a', 'q', '--id', 'b', '--dry-run'])).toMatchObject({
      positionals: ['q'],
      values: { id: ['a', 'b'], 'dry-run': true },
    });
  });

  test.each([
    [['q', '--nonsense'], "Unknown option '--nonsense'."],
    [['q', '--id'], "Option '--id <value>' argument missing."],
    [['q', 'r'], '"r" is one argument too many.'],
    [[], 'sample takes <queue>.'],
    [['q', '--stage', ''], '--stage takes the name of a stage.'],
  ])('%j is refused in one line', (args, line) => {
    expect(() => read(args)).toThrow(new UsageError(line));
  });

  test.each(['0', '-1', '1.5', 'many', ''])('a limit of "%s" is refused', (text) => {
    expect(() => parseWholeNumber(text, '--limit', 50, 100)).toThrow('--limit takes a whole number from 1 to 100');
  });

  test('a limit that nobody gave is the default', () =>
    expect(parseWholeNumber(undefined, '--limit', 50, 100)).toBe(50));
});

describe('the help', () => {
  test('lists every command', () => {
    for (const { name, summary } of commands) expect(overview()).toMatch(new RegExp(`${name} +${summary}`));
  });

  test.each(commands)('of $name shows its options and a call that it takes', async ({ name, summary, load, words }) => {
    const loaded = await load();
    const help = helpOf(name, summary, loaded);
    for (const option of Object.keys(loaded.options)) expect(help).toContain(`--${option}`);
    for (const example of loaded.examples) {
      const args = example.split(' ');
      expect(findCommand(args)?.name).toBe(name);
      expect(() => parseArguments(name, loaded, args.slice(words), {})).not.toThrow();
    }
  });
});
