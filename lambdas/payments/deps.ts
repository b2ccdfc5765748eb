import { tableStore } from '../shared/clients.ts';
import { systemClock } from '../shared/clock.ts';
import { readEnv } from '../shared/env.ts';
import type { Patience } from '../shared/receipt.ts';
import { PaymentsEnv } from './env.ts';
import { type PaymentStore, paymentStore } from './payment-store.ts';
import { type ProgrammeStore, programmeStore } from './programme-store.ts';

/** What this context's handlers stand on, for one call. */
export type PaymentsDeps = { payments: PaymentStore };

/** What the update programme stands on. */
export type ProgrammeDeps = { programme: ProgrammeStore };

export const paymentsDeps = () => {
  const store = tableStore(readEnv(PaymentsEnv).PAYMENTS_TABLE);
  return ({ deadline }: Patience): PaymentsDeps => ({
    payments: paymentStore({ store, clock: systemClock, deadline }),
  });
};

export const programmeDeps = () => {
  const store = tableStore(readEnv(PaymentsEnv).PAYMENTS_TABLE);
  return ({ deadline }: Patience): ProgrammeDeps => ({
    programme: programmeStore({ store, clock: systemClock, deadline }),
  });
};
