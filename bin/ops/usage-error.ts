/** The command line itself is wrong: said in one line, and the process ends with 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
