import { parseArgs } from 'node:util';
import { type Command, common, type Options, type Values } from './command.ts';
import { UsageError } from './usage-error.ts';

export interface Parsed {
  readonly values: Values<Options>;
  readonly positionals: readonly string[];
  readonly stage: string;
}

/** What stands behind a command's name, checked against what it takes. */
export function parseArguments(
  name: string,
  command: Command,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Parsed {
  const { values, positionals } = read({ ...command.options, ...common }, args);
  const { min = 0, max = 0, usage = '' } = command.takes ?? {};
  if (positionals.length > max) throw new UsageError(`"${positionals[max]}" is one argument too many.`);
  if (positionals.length < min) throw new UsageError(`${name} takes ${usage}.`);
  const { stage } = values;
  if (stage === '') throw new UsageError('--stage takes the name of a stage.');
  return { values, positionals, stage: String(stage ?? (env['ONCEBOX_STAGE'] || 'local')) };
}

function read(options: Options, args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    // Node's own text goes on with advice that is not meant for an operator
    throw new UsageError(`${error.message.split(/\. |\n/)[0]?.replace(/\.$/, '')}.`);
  }
}

/** A whole number from 1 up to `max`. */
export function parseWholeNumber(text: string | undefined, flag: string, fallback: number, max: number): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= max) return value;
  throw new UsageError(`${flag} takes a whole number from 1 to ${max}, not "${text}".`);
}
