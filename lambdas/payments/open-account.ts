import * as z from 'zod/mini';
import { UserId } from '../../events/ids.ts';
import { Money } from '../../events/money.ts';
import { Answer, replayed, route } from '../shared/route.ts';
import type { PaymentsDeps } from './deps.ts';

export const openAccount = route(
  {
    body: z.strictObject({ user_id: UserId }),
    returns: z.object({ user_id: UserId, balance: Money }),
    status: 201,
  },
  async ({ body: { user_id }, making }, { payments }: PaymentsDeps) => {
    const { made, replayed: again } = await payments.open(user_id, making(user_id));
    return new Answer(made, {
      Location: `/payments/accounts/${encodeURIComponent(user_id)}/balance`,
      ...(again && replayed),
    });
  },
);
