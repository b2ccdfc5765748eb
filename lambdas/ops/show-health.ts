import * as z from 'zod/mini';
import { route } from '../shared/http/route.ts';

/** Shows that the API is reachable and its functions start. `ops doctor` checks the resources behind the API. */
export const showHealth = route({ returns: z.object({ status: z.literal('ok') }) }, async () => ({
  status: 'ok' as const,
}));
