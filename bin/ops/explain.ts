import { Trouble } from '../../localstack/trouble.ts';
import type { Target } from './target.ts';

export interface Explained {
  readonly problem: string;
  readonly wayOut: string;
}

const NOT_THERE = new Set([
  'ResourceNotFoundException',
  'QueueDoesNotExist',
  'AWS.SimpleQueueService.NonExistentQueue',
  'ParameterNotFound',
]);
const UNREACHABLE = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'EHOSTUNREACH']);
const STALE = new Set(['ExpiredToken', 'ExpiredTokenException', 'UnrecognizedClientException', 'InvalidClientTokenId']);
const REFUSED = new Set(['AccessDenied', 'AccessDeniedException', 'AuthorizationError']);

/** What went wrong in one line, and what to do about it in another. */
export function explain(error: unknown, target: Target | undefined): Explained {
  if (error instanceof Trouble) return { problem: error.message, wayOut: error.wayOut };
  const { name, message, code } = facts(error);
  const where = target?.endpoint ?? 'AWS';
  if (code !== undefined && UNREACHABLE.has(code))
    return {
      problem: `Nothing answers at ${where} (${code}).`,
      wayOut: target?.onAws
        ? 'Check the network and AWS_REGION.'
        : `Start it with npm start; ONCEBOX_ENGINE_PORT or AWS_ENDPOINT_URL say where it is.`,
    };
  if (name === 'CredentialsProviderError')
    return { problem: 'There are no AWS credentials.', wayOut: 'aws sso login, or AWS_PROFILE, then again.' };
  if (/region is missing/i.test(message))
    return { problem: 'There is no AWS region.', wayOut: 'Set AWS_REGION, or a profile that names one.' };
  if (STALE.has(name)) return { problem: `AWS does not take these credentials: ${message}`, wayOut: 'Log in again.' };
  if (REFUSED.has(name)) return { problem: message, wayOut: 'This needs a role with that right.' };
  if (NOT_THERE.has(name))
    return {
      problem: `Stage ${target?.stage ?? ''} is not there, or not whole: ${message}`,
      wayOut: 'npm run ops -- doctor says what is missing.',
    };
  return { problem: name === 'Error' ? message : `${name}: ${message}`, wayOut: '--debug shows where.' };
}

function facts(error: unknown): { name: string; message: string; code: string | undefined } {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error), code: undefined };
  const inner = error instanceof AggregateError ? error.errors[0] : error.cause;
  const code = codeOf(error) ?? codeOf(inner);
  return { name: error.name, message: error.message || codeOf(inner) || error.name, code };
}

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
