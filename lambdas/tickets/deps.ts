import type { Deadline } from '../shared/messaging/receipt.ts';
import { systemClock } from '../shared/runtime/clock.ts';
import { readEnv } from '../shared/runtime/env.ts';
import { tableStore } from '../shared/store/tables.ts';
import { TicketsEnv } from './env.ts';
import { type TicketStore, ticketStore } from './ticket-store.ts';

/** What this context's handlers stand on, for one call. */
type TicketsDeps = { tickets: TicketStore };

export const ticketsDeps = () => {
  const store = tableStore(readEnv(TicketsEnv).TICKETS_TABLE);
  return ({ deadlineMs }: Deadline): TicketsDeps => ({
    tickets: ticketStore({ store, clock: systemClock, deadlineMs }),
  });
};
