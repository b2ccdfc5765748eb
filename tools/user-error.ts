/** Something that the person at the terminal can put right: one line on what is wrong, one on the way out. */
export class UserError extends Error {
  readonly remedy: string;

  constructor(problem: string, wayOut: string) {
    super(problem);
    this.remedy = wayOut;
  }
}

/** Prints an error as it helps most: troubles in two lines, everything unforeseen with its stack. */
export function printError(error: unknown): void {
  if (error instanceof UserError) console.error(`✗ ${error.message}\n  ${error.remedy}`);
  else console.error(error);
}
