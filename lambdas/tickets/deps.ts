import { readEnv } from '../shared/runtime/env.ts';
import { depsFactory, lambdaPorts } from '../shared/store/tables.ts';
import { TicketsEnv } from './env.ts';
import { ticketStore } from './ticket-store.ts';

export const createTicketsDeps = depsFactory((work) => ({ tickets: ticketStore(work) }));
export const ticketsDeps = () => createTicketsDeps(lambdaPorts(readEnv(TicketsEnv).TICKETS_TABLE));
