import { type Command, commonOptions, type Option, type Options } from './command.ts';
import { type CommandEntry, commands } from './commands.ts';
import { columns } from './print.ts';

const CALL = 'npm run ops --';

export function generalHelp(): string {
  return [
    `Usage: ${CALL} <command> [options]`,
    '',
    'Commands:',
    ...columns(commands.map(({ name, summary }) => [`  ${name}`, summary])),
    '',
    'Options of all commands:',
    ...columns(describeOptions(commonOptions)),
    '',
    `Help for one command: ${CALL} <command> --help`,
  ].join('\n');
}

export function commandHelp({ name, summary }: CommandEntry, { takes, options, details, examples }: Command): string {
  return [
    `Usage: ${CALL} ${[name, takes?.usage, '[options]'].filter(Boolean).join(' ')}`,
    '',
    `${summary[0]?.toUpperCase()}${summary.slice(1)}.${details ? `\n${details}` : ''}`,
    '',
    'Options:',
    ...columns(describeOptions({ ...options, ...commonOptions })),
    '',
    'Examples:',
    ...examples.map((example) => `  ${CALL} ${example}`),
  ].join('\n');
}

const describeOptions = (options: Options): string[][] =>
  Object.entries(options).map(([name, option]) => [`  --${name}${describeValue(option)}`, option.help]);

const describeValue = ({ type, value, multiple }: Option): string =>
  type === 'boolean' ? '' : ` <${value ?? 'text'}>${multiple ? ' …' : ''}`;
