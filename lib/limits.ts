// Timeouts, batch sizes and the filter of the streams. These are plain values without the CDK, because the simulation
// (docs/simulation.md) runs the handlers under the same limits, and a test compares it with the templates.

/** The timeout of a function that has no other reason for its timeout, such as the consumer of a queue. */
export const DEFAULT_TIMEOUT_S = 15;
/** Shorter than the gateway's limit of 29 s, so that the function fails first and its log shows the request. */
export const API_TIMEOUT_S = 20;
/** The timeout of the functions that send events to the bus: one batch may need several calls, and then parking. */
export const RELAY_TIMEOUT_S = 30;

/** A delivery may wait 5 s for its receiver, after another one that was the trial of a failing webhook. */
export const WEBHOOK_TIMEOUT_S = 20;

/** AWS recommends at least six times the function's timeout, so that a slow batch is not delivered twice. */
export const VISIBILITY_PER_TIMEOUT = 6;
/** The maximum of SQS for a batch without a batching window. */
export const MESSAGES_PER_BATCH = 10;
/** Each tick is a transaction of up to 100 items. */
export const TICKS_PER_BATCH = 2;
/** A run of a report holds up to 10 MB in memory, and works for a third of its timeout (`RUN_WORK_S`). */
export const REPORT_RUNS_PER_BATCH = 1;
export const STREAM_RECORDS_PER_BATCH = 100;

/** The pattern of the stream records that reach the relay: inserted outbox records. */
export const newOutboxRecords = {
  eventName: ['INSERT'],
  dynamodb: { Keys: { sk: { S: [{ prefix: 'OUTBOX#' }] } } },
} as const;
