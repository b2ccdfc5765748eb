import { type Command, commonOptions, type Option, type Options } from './command.ts';
import { type CommandEntry, commands } from './commands.ts';
import { columns } from './print.ts';

const COMMAND_PREFIX = 'npm run ops --';

export function generalHelp(): string {
  return [
    `Usage: ${COMMAND_PREFIX} <command> [options]`,
    '',
    'Commands:',
    ...columns(commands.map(({ name, summary }) => [`  ${name}`, summary])),
    '',
    'Options of all commands:',
    ...columns(describeOptions(commonOptions)),
    '',
    `Help for one command: ${COMMAND_PREFIX} <command> --help`,
  ].join('\n');
}

export function commandHelp(
  { name, summary }: CommandEntry,
  { positionals, options, details, examples }: Command,
): string {
  return [
    `Usage: ${COMMAND_PREFIX} ${[name, positionals?.usage, '[options]'].filter(Boolean).join(' ')}`,
    '',
    `${summary[0]?.toUpperCase()}${summary.slice(1)}.${details ? `\n${details}` : ''}`,
    '',
    'Options:',
    ...columns(describeOptions({ ...options, ...commonOptions })),
    '',
    'Examples:',
    ...examples.map((example) => `  ${COMMAND_PREFIX} ${example}`),
  ].join('\n');
}

const describeOptions = (options: Options): string[][] =>
  Object.entries(options).map(([name, option]) => [`  --${name}${describeValue(option)}`, option.help]);

const describeValue = ({ type, valueName, multiple }: Option): string =>
  type === 'boolean' ? '' : ` <${valueName ?? 'text'}>${multiple ? ' …' : ''}`;
