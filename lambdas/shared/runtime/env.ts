import * as z from 'zod/mini';

/** A variable that must be there and say something. */
export const required = z.string().check(z.minLength(1));

/**
 * What every queue consumer has: its own queue (to put contended messages back), that queue's DLQ, and the name under
 * which it signs receipts. That is the queue's, the same on every stage: receipts outlive functions and their names.
 */
export const ConsumerEnv = z.object({ CONSUMER: required, QUEUE_URL: required, DLQ_URL: required });

/** Where links and `Location` point; empty means relative links. */
export const ApiEnv = z.object({ BASE_URL: z.string() });

/** A function that needs nothing of its own. */
export const NoEnv = z.object({});

/** The fallback's environment: every route as `METHOD /path`, joined by commas. */
export const FallbackEnv = z.object({ ROUTES: required });

/** Parses the environment at cold start; a missing variable stops the function with its name. */
export function readEnv<T extends z.ZodMiniObject>(schema: T): z.infer<T> {
  return schema.parse(process.env);
}
