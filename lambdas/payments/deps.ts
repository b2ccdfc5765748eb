import { readEnv } from '../shared/runtime/env.ts';
import { depsFactory, lambdaPorts } from '../shared/store/tables.ts';
import { type AccountStore, accountStore } from './account-store.ts';
import { PaymentsEnv } from './env.ts';
import { type PaymentStore, paymentStore } from './payment-store.ts';
import { programmeStore } from './update-programme/programme-store.ts';

export type PaymentsDeps = { accounts: AccountStore; payments: PaymentStore };

export const createPaymentsDeps = depsFactory(
  (work): PaymentsDeps => ({ accounts: accountStore(work), payments: paymentStore(work) }),
);
export const createProgrammeDeps = depsFactory((work) => ({ programme: programmeStore(work) }));

const paymentsTable = () => lambdaPorts(readEnv(PaymentsEnv).PAYMENTS_TABLE);

export const paymentsDeps = () => createPaymentsDeps(paymentsTable());
export const programmeDeps = () => createProgrammeDeps(paymentsTable());
