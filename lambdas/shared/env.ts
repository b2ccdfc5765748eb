import * as z from 'zod/mini';

/** A variable that must be there and say something. */
export const set = z.string().check(z.minLength(1));

/** The relay's environment. The construct that makes the function fills it, typed from these keys. */
export const RelayEnv = z.object({ BUS_NAME: set, RETRY_QUEUE_URL: set });

/** What the outbox-retry consumer needs beside what every consumer has: where to send. */
export const OutboxRetryEnv = z.object({ BUS_NAME: set });

/**
 * What every queue consumer has: its own queue (to put contended messages back), that queue's DLQ, and the name under
 * which it signs receipts. That is the queue's, the same on every stage: receipts outlive functions and their names.
 */
export const ConsumerEnv = z.object({ CONSUMER: set, QUEUE_URL: set, DLQ_URL: set });

/** Where links and `Location` point; empty means relative links. */
export const ApiEnv = z.object({ BASE_URL: z.string() });

/** A function that needs nothing of its own. */
export const NoEnv = z.object({});

/** The fallback's environment: every route as `METHOD /path`, joined by commas. */
export const FallbackEnv = z.object({ ROUTES: set });

/** Parses the environment at cold start; a missing variable stops the function with its name. */
export function readEnv<T extends z.ZodMiniObject>(schema: T): z.infer<T> {
  return schema.parse(process.env);
}
