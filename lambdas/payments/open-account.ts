import * as z from 'zod/mini';
import { UserId } from '../../events/ids.ts';
import { Money } from '../../events/money.ts';
import { HttpResponse, replayedHeader, route } from '../shared/http/route.ts';
import type { PaymentsDeps } from './deps.ts';

export const openAccount = route(
  {
    body: z.strictObject({ user_id: UserId, programme: z.optional(z.boolean()) }),
    returns: z.object({ user_id: UserId, balance: Money }),
    status: 201,
  },
  async ({ body, identify, correlationId }, { accounts }: PaymentsDeps) => {
    const { balance, isReplay } = await accounts.open(body, identify(body.user_id), correlationId);
    return new HttpResponse(balance, {
      Location: `/payments/accounts/${encodeURIComponent(body.user_id)}/balance`,
      ...(isReplay && replayedHeader),
    });
  },
);
