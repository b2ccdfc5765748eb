/**
 * The timeouts of every AWS client. By default the SDK waits without limit, so one hanging connection would use all of
 * the function's time, and a batch of messages would lose a receive. Three attempts still fit into 15 s.
 */
export const clientTimeouts = { connectionTimeout: 1000, requestTimeout: 4000, throwOnRequestTimeout: true } as const;
