import * as z from 'zod/mini';
import { required } from '../shared/runtime/env.ts';

/** The environment of `publish-outbox.ts`: the bus to publish to, and the queue where refused events are parked. */
export const PublishOutboxEnv = z.object({ BUS_NAME: required, RETRY_QUEUE_URL: required });

/** The environment of `on-outbox-retry.ts`, in addition to the one of every queue consumer. */
export const OutboxRetryEnv = z.object({ BUS_NAME: required });
