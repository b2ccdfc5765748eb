import type { parseArgs } from 'node:util';
import type { Print } from './print.ts';
import type { Target } from './target.ts';

export interface Option {
  readonly type: 'string' | 'boolean';
  readonly multiple?: boolean;
  /** What the value is called in the help: `n`, `iso`. */
  readonly value?: string;
  readonly help: string;
}
export type Options = Readonly<Record<string, Option>>;

/** Every command takes these. */
export const common = {
  stage: { type: 'string', value: 'name', help: 'the stage; ONCEBOX_STAGE, else local' },
  json: { type: 'boolean', help: 'JSON, for programs' },
  debug: { type: 'boolean', help: 'the stack of an error, too' },
  help: { type: 'boolean', help: 'this text' },
} as const satisfies Options;

export type Values<O extends Options> = ReturnType<typeof parseArgs<{ options: O; strict: true }>>['values'];

interface Input<O extends Options> {
  readonly values: Values<O>;
  readonly positionals: readonly string[];
  readonly target: Target;
  readonly print: Print;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

export interface Command<O extends Options = Options> {
  /** What stands after the command's name: `<queue> <message id>`. */
  readonly takes?: { readonly usage: string; readonly min: number; readonly max: number };
  readonly options: O;
  /** What the one-line summary leaves out. */
  readonly about?: string;
  readonly examples: readonly string[];
  /** Answers what the process ends with, where that is not 0. */
  run(input: Input<O>): Promise<number | undefined>;
}

/** Infers the types of a command's values from its options. */
export const defineCommand = <const O extends Options>(declared: Command<O>): Command => declared as unknown as Command;
