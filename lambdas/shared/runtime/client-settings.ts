/**
 * The settings of every AWS client. By default, the SDK waits for a response without limit and calls DynamoDB four
 * times, so one hanging connection would use all of the function's time. A call that must end sooner has a deadline.
 */
export const clientSettings = {
  maxAttempts: 3,
  requestHandler: { connectionTimeout: 1000, requestTimeout: 3000, throwOnRequestTimeout: true },
} as const;

/** Returns the options of a call that is aborted at the deadline, in ms since the epoch. Without one, it is not. */
export const abortAt = (deadlineMs = Number.POSITIVE_INFINITY): { abortSignal?: AbortSignal } =>
  Number.isFinite(deadlineMs)
    ? { abortSignal: AbortSignal.timeout(Math.max(0, Math.floor(deadlineMs - Date.now()))) }
    : {};
