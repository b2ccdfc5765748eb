import type { Deadline } from '../shared/messaging/receipt.ts';
import { systemClock } from '../shared/runtime/clock.ts';
import { readEnv } from '../shared/runtime/env.ts';
import { tableStore } from '../shared/store/tables.ts';
import { PaymentsEnv } from './env.ts';
import { type PaymentStore, paymentStore } from './payment-store.ts';
import { type ProgrammeStore, programmeStore } from './update-programme/programme-store.ts';

/** What this context's handlers stand on, for one call. */
export type PaymentsDeps = { payments: PaymentStore };

/** What the update programme stands on. */
export type ProgrammeDeps = { programme: ProgrammeStore };

export const paymentsDeps = () => {
  const store = tableStore(readEnv(PaymentsEnv).PAYMENTS_TABLE);
  return ({ deadlineMs }: Deadline): PaymentsDeps => ({
    payments: paymentStore({ store, clock: systemClock, deadlineMs }),
  });
};

export const programmeDeps = () => {
  const store = tableStore(readEnv(PaymentsEnv).PAYMENTS_TABLE);
  return ({ deadlineMs }: Deadline): ProgrammeDeps => ({
    programme: programmeStore({ store, clock: systemClock, deadlineMs }),
  });
};
