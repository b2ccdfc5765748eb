import { tableStore } from '../shared/clients.ts';
import { systemClock } from '../shared/clock.ts';
import { readEnv } from '../shared/env.ts';
import type { Patience } from '../shared/receipt.ts';
import { TicketsEnv } from './env.ts';
import { type TicketStore, ticketStore } from './ticket-store.ts';

/** What this context's handlers stand on, for one call. */
type TicketsDeps = { tickets: TicketStore };

export const ticketsDeps = () => {
  const store = tableStore(readEnv(TicketsEnv).TICKETS_TABLE);
  return ({ deadline }: Patience): TicketsDeps => ({ tickets: ticketStore({ store, clock: systemClock, deadline }) });
};
