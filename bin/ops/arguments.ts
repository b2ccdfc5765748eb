import { parseArgs } from 'node:util';
import { type Command, commonOptions, type Options } from './command.ts';
import { UsageError } from './usage-error.ts';

/** Parses the arguments that follow the command's name. Throws a `UsageError` if the command does not accept them. */
export function parseArguments(name: string, command: Command, args: readonly string[], env: NodeJS.ProcessEnv) {
  const { values, positionals } = parseOptions({ ...command.options, ...commonOptions }, args);
  const { min = 0, max = 0, usage = '' } = command.positionals ?? {};
  if (positionals.length > max) throw new UsageError(`Unexpected argument "${positionals[max]}".`);
  if (positionals.length < min) throw new UsageError(`${name} requires ${usage}.`);
  const { stage } = values;
  if (stage === '') throw new UsageError('--stage requires the name of a stage.');
  return { values, positionals, stage: String(stage ?? (env['ONCEBOX_STAGE'] || 'local')) };
}

function parseOptions(options: Options, args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    // Only the first sentence of Node's message is for an operator; the rest is advice for programmers.
    throw new UsageError(`${error.message.split(/\. |\n/)[0]?.replace(/\.$/, '')}.`);
  }
}

/** Parses a whole number from 1 to `max`. Returns `fallback` if the flag was not given. */
export function parseWholeNumber(text: string | undefined, flag: string, fallback: number, max: number): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= max) return value;
  throw new UsageError(`${flag} requires a whole number from 1 to ${max}, not "${text}".`);
}

/** Parses one of a few words. */
export function parseOneOf<const T extends string>(text: string | undefined, flag: string, values: readonly T[]): T {
  const value = values.find((candidate) => candidate === text);
  if (value) return value;
  throw new UsageError(`${flag} requires ${values.join(', ')}, not "${text ?? ''}".`);
}
