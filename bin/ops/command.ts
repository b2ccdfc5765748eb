import type { parseArgs } from 'node:util';
import type { Printer } from './print.ts';
import type { Target } from './target.ts';

export interface Option {
  readonly type: 'string' | 'boolean';
  readonly multiple?: boolean;
  /** The name of the value in the help, for example `n` or `iso`. */
  readonly valueName?: string;
  readonly help: string;
}
export type Options = Readonly<Record<string, Option>>;

export const commonOptions = {
  stage: { type: 'string', valueName: 'name', help: 'the stage (default: ONCEBOX_STAGE, or local)' },
  json: { type: 'boolean', help: 'print JSON instead of text' },
  debug: { type: 'boolean', help: 'print the stack trace of an error' },
  help: { type: 'boolean', help: 'print this help' },
} as const satisfies Options;

/** The options of commands that may change a stage. */
export const writeOptions = {
  yes: { type: 'boolean', help: 'do not ask before a stage on AWS is changed' },
} as const satisfies Options;

export type Values<O extends Options> = ReturnType<typeof parseArgs<{ options: O; strict: true }>>['values'];

interface CommandInput<O extends Options> {
  readonly values: Values<O>;
  readonly positionals: readonly string[];
  readonly target: Target;
  readonly print: Printer;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

interface CommandDefinition<O extends Options> {
  /** The positional arguments, with their form in the help: `<queue> <message id>`. */
  readonly positionals?: { readonly usage: string; readonly min: number; readonly max: number };
  readonly options?: O;
  /** Sentences for the help, in addition to the summary. */
  readonly details?: string;
  readonly examples: readonly string[];
  /** Returns the exit code of the process; `undefined` means 0. */
  run(input: CommandInput<O>): Promise<number | undefined>;
}

export type Command = CommandDefinition<Options> & { readonly options: Options };

/** Infers the types of a command's values from its options. */
export const defineCommand = <const O extends Options = Record<never, Option>>(
  command: CommandDefinition<O>,
): Command => ({ options: {}, ...command }) as unknown as Command;
