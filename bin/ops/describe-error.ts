import { UserError } from '../../tools/user-error.ts';
import type { Target } from './target.ts';

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

export function describeError(error: unknown, target: Target | undefined) {
  if (error instanceof UserError) return { problem: error.message, remedy: error.remedy };
  const { name, message, code } = readError(error);
  if (code !== undefined && UNREACHABLE.has(code))
    return {
      problem: `No response from ${target?.endpoint ?? 'AWS'} (${code}).`,
      remedy: target?.onAws
        ? 'Check the network and AWS_REGION.'
        : 'Run npm start. If the engine runs elsewhere, set ONCEBOX_ENGINE_PORT or AWS_ENDPOINT_URL.',
    };
  if (name === 'CredentialsProviderError')
    return {
      problem: 'There are no AWS credentials.',
      remedy: 'Run aws sso login or set AWS_PROFILE, then try again.',
    };
  if (/region is missing/i.test(message))
    return { problem: 'There is no AWS region.', remedy: 'Set AWS_REGION, or use a profile that has a region.' };
  if (EXPIRED_CREDENTIALS.has(name))
    return { problem: `AWS does not accept the credentials: ${message}`, remedy: 'Log in again.' };
  if (ACCESS_DENIED.has(name)) return { problem: message, remedy: 'Use a role that has this permission.' };
  if (NOT_FOUND.has(name))
    return {
      problem: `Stage ${target?.stage ?? ''} is not deployed, or is incomplete: ${message}`,
      remedy: 'Run npm run ops -- doctor to see what is missing.',
    };
  return {
    problem: name === 'Error' ? message : `${name}: ${message}`,
    remedy: 'Run the command with --debug to see the stack trace.',
  };
}

function readError(error: unknown): { name: string; message: string; code: string | undefined } {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error), code: undefined };
  const cause = error instanceof AggregateError ? error.errors[0] : error.cause;
  const code = readCode(error) ?? readCode(cause);
  return { name: error.name, message: error.message || readCode(cause) || error.name, code };
}

const readCode = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
