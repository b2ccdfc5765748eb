import { expect, test } from 'vitest';
import { parseOutboxRecord } from '../../../lambdas/shared/outbox/outbox-record.ts';
import type { Store } from '../../../lambdas/shared/store/store.ts';
import { voidTicket } from '../../../lambdas/tickets/void-ticket.ts';
import { createSteppingClock, noon } from '../../support/fixtures.ts';
import { createMemoryStore, overrideStore } from '../../support/memory-store.ts';
import { refundRequested } from '../../support/ticket-fixture.ts';

test('voiding a ticket has a time that is not before its reads', async () => {
  const table = createMemoryStore({ now: () => noon });
  const clock = createSteppingClock();
  const store: Store = overrideStore(table, {
    get: async (key) => {
      clock.pass(3000);
      return table.get(key);
    },
  });
  const context = {
    deadlineMs: noon + 10_000,
    createReceipt: () => ({}),
    messageIdOf: () => 'm',
    receiveCountOf: () => 1,
  };
  await voidTicket({ store, clock, deadlineMs: noon + 10_000 }, refundRequested('a'), context);
  const after = new Date(noon + 3000).toISOString();
  expect(table.all().find(({ sk }) => sk === 'TICKET')).toMatchObject({ at: after });
  const [event] = table
    .all()
    .filter(({ sk }) => sk.startsWith('OUTBOX#'))
    .flatMap(parseOutboxRecord);
  expect(event).toMatchObject({ type: 'TicketVoided', time: after });
});
