import type { Deadline } from '../shared/messaging/receipt.ts';
import { systemClock } from '../shared/runtime/clock.ts';
import { readEnv } from '../shared/runtime/env.ts';
import { type TablePorts, tableStore } from '../shared/store/tables.ts';
import { TicketsEnv } from './env.ts';
import { type TicketStore, ticketStore } from './ticket-store.ts';

export type TicketsDeps = { tickets: TicketStore };

export const createTicketsDeps =
  ({ store, clock }: TablePorts) =>
  ({ deadlineMs }: Deadline): TicketsDeps => ({ tickets: ticketStore({ store, clock, deadlineMs }) });

export const ticketsDeps = () =>
  createTicketsDeps({ store: tableStore(readEnv(TicketsEnv).TICKETS_TABLE), clock: systemClock });
