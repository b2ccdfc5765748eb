/**
 * The settings of every AWS client. By default, the SDK waits for a response without limit and calls DynamoDB four
 * times, so one hanging connection would use all of the function's time. A call that must end sooner has a deadline.
 */
export const clientSettings = {
  maxAttempts: 3,
  requestHandler: { connectionTimeout: 1000, requestTimeout: 3000, throwOnRequestTimeout: true },
} as const;

/**
 * Returns the options of a call that is aborted at the deadline, in ms since the epoch. Without one, it is not. After
 * the deadline, the call is not even sent: a fast response could arrive before a timer of 0 ms.
 */
export function abortAt(deadlineMs = Number.POSITIVE_INFINITY): { abortSignal?: AbortSignal } {
  if (!Number.isFinite(deadlineMs)) return {};
  const remainingMs = Math.floor(deadlineMs - Date.now());
  return { abortSignal: remainingMs > 0 ? AbortSignal.timeout(remainingMs) : AbortSignal.abort() };
}
