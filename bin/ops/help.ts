import { type Command, common, type Option, type Options } from './command.ts';
import { commands } from './commands.ts';
import { columns } from './print.ts';

const CALL = 'npm run ops --';

export function overview(): string {
  return [
    `Usage: ${CALL} <command> [options]`,
    '',
    'Commands:',
    ...columns(commands.map(({ name, summary }) => [`  ${name}`, summary])),
    '',
    'Options of all commands:',
    ...columns(flags(common)),
    '',
    `More on each: ${CALL} <command> --help`,
  ].join('\n');
}

export function helpOf(name: string, summary: string, { takes, options, about, examples }: Command): string {
  return [
    `${CALL} ${[name, takes?.usage, '[options]'].filter(Boolean).join(' ')}`,
    '',
    `${summary[0]?.toUpperCase()}${summary.slice(1)}.${about ? `\n${about}` : ''}`,
    '',
    'Options:',
    ...columns(flags({ ...options, ...common })),
    '',
    'Examples:',
    ...examples.map((example) => `  ${CALL} ${example}`),
  ].join('\n');
}

const flags = (options: Options): string[][] =>
  Object.entries(options).map(([name, option]) => [`  --${name}${shownValue(option)}`, option.help]);

const shownValue = ({ type, value, multiple }: Option): string =>
  type === 'boolean' ? '' : ` <${value ?? 'text'}>${multiple ? ' …' : ''}`;
