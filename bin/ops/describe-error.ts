import { UserError } from '../../tools/user-error.ts';
import type { Target } from './target.ts';

export interface ErrorDescription {
  readonly problem: string;
  readonly remedy: string;
}

const NOT_FOUND = new Set([
  'ResourceNotFoundException',
  'QueueDoesNotExist',
  'AWS.SimpleQueueService.NonExistentQueue',
  'ParameterNotFound',
]);
const UNREACHABLE = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'EHOSTUNREACH']);
const EXPIRED_CREDENTIALS = new Set([
  'ExpiredToken',
  'ExpiredTokenException',
  'UnrecognizedClientException',
  'InvalidClientTokenId',
]);
const ACCESS_DENIED = new Set(['AccessDenied', 'AccessDeniedException', 'AuthorizationError']);

/** What went wrong in one line, and what to do about it in another. */
export function describeError(error: unknown, target: Target | undefined): ErrorDescription {
  if (error instanceof UserError) return { problem: error.message, remedy: error.remedy };
  const { name, message, code } = facts(error);
  const where = target?.endpoint ?? 'AWS';
  if (code !== undefined && UNREACHABLE.has(code))
    return {
      problem: `Nothing answers at ${where} (${code}).`,
      remedy: target?.onAws
        ? 'Check the network and AWS_REGION.'
        : `Start it with npm start; ONCEBOX_ENGINE_PORT or AWS_ENDPOINT_URL say where it is.`,
    };
  if (name === 'CredentialsProviderError')
    return { problem: 'There are no AWS credentials.', remedy: 'aws sso login, or AWS_PROFILE, then again.' };
  if (/region is missing/i.test(message))
    return { problem: 'There is no AWS region.', remedy: 'Set AWS_REGION, or a profile that names one.' };
  if (EXPIRED_CREDENTIALS.has(name))
    return { problem: `AWS does not take these credentials: ${message}`, remedy: 'Log in again.' };
  if (ACCESS_DENIED.has(name)) return { problem: message, remedy: 'This needs a role with that right.' };
  if (NOT_FOUND.has(name))
    return {
      problem: `Stage ${target?.stage ?? ''} is not there, or not whole: ${message}`,
      remedy: 'npm run ops -- doctor says what is missing.',
    };
  return { problem: name === 'Error' ? message : `${name}: ${message}`, remedy: '--debug shows where.' };
}

function facts(error: unknown): { name: string; message: string; code: string | undefined } {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error), code: undefined };
  const inner = error instanceof AggregateError ? error.errors[0] : error.cause;
  const code = codeOf(error) ?? codeOf(inner);
  return { name: error.name, message: error.message || codeOf(inner) || error.name, code };
}

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
