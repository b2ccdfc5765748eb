/** An error in the command line itself. It is reported in one line, and the process exits with 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
