/** An error that the person at the terminal can correct. It has one line for the problem and one for the remedy. */
export class UserError extends Error {
  readonly remedy: string;

  constructor(problem: string, remedy: string) {
    super(problem);
    this.remedy = remedy;
  }
}

/** Prints a `UserError` in two lines, and any other error with its stack trace. */
export function printError(error: unknown): void {
  if (error instanceof UserError) console.error(`✗ ${error.message}\n  ${error.remedy}`);
  else console.error(error);
}
