import { readEnv } from '../shared/runtime/env.ts';
import { depsFactory, lambdaPorts, type TablePorts } from '../shared/store/tables.ts';
import { TicketsEnv } from './env.ts';
import { ticketStore } from './ticket-store.ts';

export const createTicketsDeps = (ports: TablePorts) => depsFactory((work) => ({ tickets: ticketStore(work) }))(ports);

export const ticketsDeps = () => createTicketsDeps(lambdaPorts(readEnv(TicketsEnv).TICKETS_TABLE));
