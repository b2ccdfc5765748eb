import { describe, expect, test } from 'vitest';
import { parseArguments, parseWholeNumber } from '../../../bin/ops/arguments.ts';
import { defineCommand } from '../../../bin/ops/command.ts';
import { commands, findCommand } from '../../../bin/ops/commands.ts';
import { commandHelp, generalHelp } from '../../../bin/ops/help.ts';
import { UsageError } from '../../../bin/ops/usage-error.ts';

const sample = defineCommand({
  positionals: { usage: '<queue>', min: 1, max: 1 },
  options: { id: { type: 'string', multiple: true, help: 'an id' }, 'dry-run': { type: 'boolean', help: 'no change' } },
  examples: ['sample a'],
  run: async () => undefined,
});
const parse = (args: string[], env = {}) => parseArguments('sample', sample, args, env);

describe('the command line', () => {
  test('starts with a command of one word or two', () => {
    expect(findCommand(['queues', '--watch'])?.name).toBe('queues');
    expect(findCommand(['dlq', 'redrive', 'order-payments'])?.name).toBe('dlq redrive');
    expect(findCommand(['dlq'])).toBeUndefined();
    expect(findCommand(['quees'])).toBeUndefined();
  });

  test('takes the stage from --stage, then from ONCEBOX_STAGE, and otherwise uses local', () => {
    expect(parse(['q', '--stage', 'prod'], { ONCEBOX_STAGE: 'test' }).stage).toBe('prod');
    expect(parse(['q'], { ONCEBOX_STAGE: 'test' }).stage).toBe('test');
    expect(parse(['q'], { ONCEBOX_STAGE: '' }).stage).toBe('local');
  });

  test('keeps every value of a repeated option, at any position', () => {
    expect(parse(['--id', 'a', 'q', '--id', 'b', '--dry-run'])).toMatchObject({
      positionals: ['q'],
      values: { id: ['a', 'b'], 'dry-run': true },
    });
  });

  test.each([
    [['q', '--nonsense'], "Unknown option '--nonsense'."],
    [['q', '--id'], "Option '--id <value>' argument missing."],
    [['q', 'r'], 'Unexpected argument "r".'],
    [[], 'sample requires <queue>.'],
    [['q', '--stage', ''], '--stage requires the name of a stage.'],
  ])('is rejected in one line if it is %j', (args, line) => {
    expect(() => parse(args)).toThrow(new UsageError(line));
  });

  test.each(['0', '-1', '1.5', 'many', ''])('rejects the limit "%s"', (text) => {
    expect(() => parseWholeNumber(text, '--limit', 50, 100)).toThrow('--limit requires a whole number from 1 to 100');
  });

  test('uses the default if there is no limit', () => expect(parseWholeNumber(undefined, '--limit', 50, 100)).toBe(50));
});

describe('the help', () => {
  test('lists every command', () => {
    for (const { name, summary } of commands) expect(generalHelp()).toMatch(new RegExp(`${name} +${summary}`));
  });

  test.each(commands)('of $name shows its options, and its examples are valid', async (entry) => {
    const { name, wordCount } = entry;
    const command = await entry.load();
    const help = commandHelp(entry, command);
    for (const option of Object.keys(command.options)) expect(help).toContain(`--${option}`);
    for (const example of command.examples) {
      const args = example.split(' ');
      expect(findCommand(args)?.name).toBe(name);
      expect(() => parseArguments(name, command, args.slice(wordCount), {})).not.toThrow();
    }
  });
});
