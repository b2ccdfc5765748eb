import { tableStore } from '../shared/clients.ts';
import { systemClock } from '../shared/clock.ts';
import { readEnv } from '../shared/env.ts';
import type { Patience } from '../shared/receipt.ts';
import { PaymentsEnv } from './env.ts';
import { type PaymentStore, paymentStore } from './payment-store.ts';

/** What this context's handlers stand on, for one call. */
export type PaymentsDeps = { payments: PaymentStore };

export const paymentsDeps = () => {
  const store = tableStore(readEnv(PaymentsEnv).PAYMENTS_TABLE);
  return ({ deadline }: Patience): PaymentsDeps => ({
    payments: paymentStore({ store, clock: systemClock, deadline }),
  });
};
