/** Something that the person at the terminal can put right: one line on what is wrong, one on the way out. */
export class Trouble extends Error {
  readonly wayOut: string;

  constructor(problem: string, wayOut: string) {
    super(problem);
    this.wayOut = wayOut;
  }
}

/** Prints an error as it helps most: troubles in two lines, everything unforeseen with its stack. */
export function report(error: unknown): void {
  if (error instanceof Trouble) console.error(`✗ ${error.message}\n  ${error.wayOut}`);
  else console.error(error);
}
