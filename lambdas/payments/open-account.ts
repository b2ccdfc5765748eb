import * as z from 'zod/mini';
import { UserId } from '../../events/ids.ts';
import { Money } from '../../events/money.ts';
import { Answer, replayed, route } from '../shared/route.ts';
import type { PaymentsDeps } from './deps.ts';

export const openAccount = route(
  {
    body: z.strictObject({ user_id: UserId, programme: z.optional(z.boolean()) }),
    returns: z.object({ user_id: UserId, balance: Money }),
    status: 201,
  },
  async ({ body, making, correlationId }, { payments }: PaymentsDeps) => {
    const { made, replayed: again } = await payments.open(body, making(body.user_id), correlationId);
    return new Answer(made, {
      Location: `/payments/accounts/${encodeURIComponent(body.user_id)}/balance`,
      ...(again && replayed),
    });
  },
);
