import { readEnv } from '../shared/runtime/env.ts';
import { depsFactory, lambdaPorts, type TablePorts } from '../shared/store/tables.ts';
import { type AccountStore, accountStore } from './account-store.ts';
import { PaymentsEnv } from './env.ts';
import { type PaymentStore, paymentStore } from './payment-store.ts';
import { ledgerPorts } from './permanent-rows.ts';
import { programmeStore } from './update-programme/programme-store.ts';

export type PaymentsDeps = { accounts: AccountStore; payments: PaymentStore };

export const createPaymentsDeps = (ports: TablePorts) =>
  depsFactory((work): PaymentsDeps => ({ accounts: accountStore(work), payments: paymentStore(work) }))(
    ledgerPorts(ports),
  );

export const createProgrammeDeps = (ports: TablePorts) =>
  depsFactory((work) => ({ programme: programmeStore(work) }))(ledgerPorts(ports));

const paymentsPorts = () => lambdaPorts(readEnv(PaymentsEnv).PAYMENTS_TABLE);

export const paymentsDeps = () => createPaymentsDeps(paymentsPorts());
export const programmeDeps = () => createProgrammeDeps(paymentsPorts());
