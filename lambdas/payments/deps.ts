import type { Deadline } from '../shared/messaging/receipt.ts';
import { systemClock } from '../shared/runtime/clock.ts';
import { readEnv } from '../shared/runtime/env.ts';
import { type TablePorts, tableStore } from '../shared/store/tables.ts';
import { type AccountStore, accountStore } from './account-store.ts';
import { PaymentsEnv } from './env.ts';
import { type PaymentStore, paymentStore } from './payment-store.ts';
import { type ProgrammeStore, programmeStore } from './update-programme/programme-store.ts';

export type PaymentsDeps = { accounts: AccountStore; payments: PaymentStore };
export type ProgrammeDeps = { programme: ProgrammeStore };

export const createPaymentsDeps =
  ({ store, clock }: TablePorts) =>
  ({ deadlineMs }: Deadline): PaymentsDeps => {
    const work = { store, clock, deadlineMs };
    return { accounts: accountStore(work), payments: paymentStore(work) };
  };

export const createProgrammeDeps =
  ({ store, clock }: TablePorts) =>
  ({ deadlineMs }: Deadline): ProgrammeDeps => ({ programme: programmeStore({ store, clock, deadlineMs }) });

const lambdaPorts = (): TablePorts => ({ store: tableStore(readEnv(PaymentsEnv).PAYMENTS_TABLE), clock: systemClock });

export const paymentsDeps = () => createPaymentsDeps(lambdaPorts());
export const programmeDeps = () => createProgrammeDeps(lambdaPorts());
