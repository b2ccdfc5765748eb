import * as z from 'zod/mini';

export const required = z.string().check(z.minLength(1));

/**
 * The environment of every queue consumer: its queue, to requeue messages, and the queue's DLQ. `CONSUMER` is the name
 * in its receipts. It is the queue's name without the stage, because receipts outlive functions and their names.
 */
export const ConsumerEnv = z.object({ CONSUMER: required, QUEUE_URL: required, DLQ_URL: required });

/**
 * The environment of every API: the base URL of `Link` and `Location`, without which links are paths that begin as the
 * path of the request does, and whether requests that create something must have an Idempotency-Key.
 */
export const ApiEnv = z.object({ BASE_URL: z.string(), IDEMPOTENCY_KEY: z.enum(['required', 'optional']) });

export const NoEnv = z.object({});

/** The fallback's environment: every route as `METHOD /path`, separated by commas. */
export const FallbackEnv = z.object({ ROUTES: required });

/** Parses the environment at cold start. A missing variable stops the function with its name. */
export function readEnv<T extends z.ZodMiniObject>(schema: T): z.infer<T> {
  return schema.parse(process.env);
}
