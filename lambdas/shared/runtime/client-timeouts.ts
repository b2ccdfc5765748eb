/**
 * How each AWS client waits. The SDK's own way is to wait for ever: a connection that hangs would hold a function until
 * its end, and a batch of messages would lose a receive to it. Three tries of a table still fit into 15 s.
 */
export const clientTimeouts = { connectionTimeout: 1000, requestTimeout: 4000, throwOnRequestTimeout: true } as const;
