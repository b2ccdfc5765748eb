import * as z from 'zod/mini';
import { route } from '../shared/http/route.ts';

/** The API is there and its functions start. What lies behind it is for `ops doctor` to say. */
export const showHealth = route({ returns: z.object({ status: z.literal('ok') }) }, async () => ({
  status: 'ok' as const,
}));
