import type { FieldError } from '../../lambdas/shared/http/problem.ts';

/** A problem document (RFC 9457) by which the API rejects a request. The gateway leaves out some members. */
interface Problem {
  readonly detail?: string;
  readonly code?: string;
  readonly errors?: readonly FieldError[];
}

/** Returns what a rejection says, with all errors of fields, each in a line of its own, and its code. */
export function describeProblem(text: string): { readonly message: string; readonly code: string | undefined } {
  const { detail = text, code, errors = [] } = JSON.parse(text) as Problem;
  return { message: `${detail}${describeFieldErrors(errors)}`, code };
}

/** Returns a line for each error. */
export const describeFieldErrors = (errors: readonly FieldError[]): string =>
  errors.map(({ path, message }) => `\n    ${path}: ${message}`).join('');
