import { bugsIn, type PlantedBug } from '../planted-bug.ts';

/** Bugs in tickets: each of them would sell a seat twice, or stock that does not exist. */
export const plantedInTickets: readonly PlantedBug[] = [
  ...bugsIn('lambdas/tickets/issue-tickets.ts', [
    {
      name: 'seat without absent',
      find: 'row: { ...seatKey(seat), ...seat, order_id, version: SEAT_VERSION },\n    when: absent,',
      replace: 'row: { ...seatKey(seat), ...seat, order_id, version: SEAT_VERSION },',
      consequence: 'Two customers get one seat.',
      caughtBy: [
        'test/unit/tickets/ticket-store.test.ts',
        'are decided again if a seat was taken between read and write',
      ],
    },
    {
      name: 'ticket without absent',
      find: "...decided.map(({ row }): Write => ({ op: 'put', row, when: absent })),",
      replace: "...decided.map(({ row }): Write => ({ op: 'put', row })),",
      consequence: 'A ticket replaces the tombstone of a refund, so the customer has both ticket and money.',
      caughtBy: ['test/unit/tickets/ticket-store.test.ts', 'voids a ticket that is issued at the same time'],
    },
    {
      name: 'ticket with a TTL',
      find: '    ...ticketKey(order_id),\n',
      replace: '    ...ticketKey(order_id),\n    expires_at: 1,\n',
      consequence: 'A redelivery after the TTL issues a second ticket.',
      caughtBy: ['test/unit/tickets/ticket-store.test.ts', 'gives an order without items a general ticket'],
    },
    {
      name: 'decided tickets are decided again',
      find: 'group.filter(({ data }) => !rows.tickets.has(ticketKey(data.order_id).pk))',
      replace: 'group',
      consequence: 'A redelivered order claims its stock again.',
      caughtBy: ['test/unit/tickets/ticket-store.test.ts', 'are all decided again if another batch was faster'],
    },
    {
      name: 'more writes than a transaction has',
      find: 'const MAX_WRITES = 100;',
      replace: 'const MAX_WRITES = 1000;',
      consequence: 'A batch of orders with many seats fails each time, until it is dead-lettered.',
      caughtBy: [
        'test/unit/tickets/ticket-store.test.ts',
        'share a transaction as far as its limit of 100 items allows',
      ],
    },
    {
      name: 'unknown product is rejected',
      find: 'throw new PrerequisiteMissing(',
      replace: 'throw new Error(',
      consequence: 'The first orders of a new product fail and are dead-lettered.',
      caughtBy: [
        'test/unit/tickets/ticket-store.test.ts',
        'are requeued if they are recent, although an older order of the batch is dead-lettered',
      ],
    },
    {
      name: 'void ticket is issued again by a nudge',
      find: '      // The refund has answered for a void ticket, so an earlier TicketIssued is no longer valid.\n      return undefined;',
      replace:
        "      return publishTicketEvent(TicketIssued.make({ order_id, ticket_id: ticket.ticket_id ?? '-' }, cause));",
      consequence: 'An order that was refunded finishes.',
      caughtBy: [
        'test/unit/tickets/ticket-store.test.ts',
        'before the payment writes a void ticket, so that none is issued later',
      ],
    },
  ]),
  ...bugsIn('lambdas/tickets/void-ticket.ts', [
    {
      name: 'tombstone without absent',
      find: "writes: [{ op: 'put', row, when: absent }],",
      replace: "writes: [{ op: 'put', row }],",
      consequence: 'The claims of a ticket that was issued meanwhile are never released.',
      caughtBy: ['test/unit/tickets/ticket-store.test.ts', 'voids a ticket that is issued at the same time'],
    },
    {
      name: 'no tombstone',
      find: "      writes: [{ op: 'put', row, when: absent }],\n",
      replace: '      writes: [],\n',
      consequence: 'A ticket that is issued after the refund keeps its seat.',
      caughtBy: ['test/unit/tickets/void-ticket.test.ts', 'voiding a ticket has a time that is not before its reads'],
    },
    {
      name: 'voided ticket without its version',
      find: 'set, when: versionIs(ticket.version) },',
      replace: 'set, when: undefined as never },',
      consequence: 'A concurrent refund releases the same claims twice.',
      caughtBy: [
        'test/unit/tickets/written-conditions.test.ts',
        'a ticket is voided under its version, and so are its stock and its seats',
      ],
    },
    {
      name: 'seat deleted without its version',
      find: 'key: seatKey(seat), when: versionIs(SEAT_VERSION) })),',
      replace: 'key: seatKey(seat), when: undefined as never })),',
      consequence: 'A seat is deleted that is not as it was read.',
      caughtBy: [
        'test/unit/tickets/written-conditions.test.ts',
        'a ticket is voided under its version, and so are its stock and its seats',
      ],
    },
    {
      name: 'refund releases the seat of another order',
      find: "?.['order_id'] === orderId",
      replace: "?.['order_id'] !== undefined",
      consequence: 'A seat that was sold again is sold a third time.',
      caughtBy: ['test/unit/tickets/ticket-store.test.ts', 'voids the ticket if one of its seats'],
    },
    {
      name: 'refund releases no stock',
      find: '      ...releasedStock.map(updateClaimed),\n',
      replace: '',
      consequence: 'Stock that was refunded is never sold again.',
      caughtBy: ['test/unit/tickets/ticket-store.test.ts', 'voids the ticket and releases its claims for other orders'],
    },
  ]),
  ...bugsIn('lambdas/tickets/ticket.ts', [
    {
      name: 'new stock starts at the same version again',
      find: 'version: firstVersion, product_version',
      replace: 'version: 0, product_version',
      consequence: 'If an operator deletes a stock row, its product cannot be sold for 15 days.',
      caughtBy: [
        'test/simulation/waiting-messages.test.ts',
        'orders of a product continue after an operator has deleted its stock row',
      ],
    },
    {
      name: 'stock is checked line by line',
      find: '(quantities.get(sku) ?? 0) + quantity',
      replace: 'quantity',
      consequence: 'An order with two lines of one product claims only the second.',
      caughtBy: ['test/unit/tickets/ticket.test.ts', 'claims two seats of one product together'],
    },
    {
      name: 'seats of one batch are not seen',
      find: '      taken.push(...seatsOf(items));\n',
      replace: '',
      consequence: 'Two orders of one batch for the same seat block each other.',
      caughtBy: ['test/unit/tickets/ticket.test.ts', 'for one seat: the first order gets it'],
    },
    {
      name: 'stock of one batch is not seen',
      find: 'for (const product of decided.stock) stockBySku.set(product.sku, product);',
      replace: '',
      consequence: 'The orders of one batch claim the same stock, and the claims are lost.',
      caughtBy: [
        'test/unit/tickets/ticket.test.ts',
        'claim what the orders before them have left, and the stock gets one next version',
      ],
    },
    {
      name: 'seat without its product',
      find: 'a.sku === b.sku && a.seat === b.seat',
      replace: 'a.seat === b.seat',
      consequence: 'Seat A1 of one concert is taken when A1 of another one is sold.',
      caughtBy: ['test/unit/tickets/ticket.test.ts', 'claims a seat that is taken for another product only'],
    },
    {
      name: 'old capacity is applied',
      find: 'if (version <= stock.product_version) return undefined;',
      replace: '',
      consequence: 'A late event sets the stock back to an old capacity.',
      caughtBy: ['test/unit/tickets/ticket.test.ts', 'changes nothing if its version is older or the same'],
    },
  ]),
  ...bugsIn('lambdas/tickets/ticket-row.ts', [
    {
      name: 'stock without its version',
      find: 'when: versionIs(version - 1),',
      replace: 'when: undefined as never,',
      consequence: 'Two concurrent orders claim the last item.',
      caughtBy: [
        'test/unit/tickets/written-conditions.test.ts',
        'tickets and seats are written only if they are absent, and stock under its version',
      ],
    },
  ]),
  ...bugsIn('lambdas/tickets/ticket-store.ts', [
    {
      name: 'capacity without the version of the stock',
      find: 'version }, when: versionIs(stock.version) }',
      replace: 'version }, when: undefined as never }',
      consequence: 'A change of the capacity overwrites a concurrent claim.',
      caughtBy: [
        'test/unit/tickets/written-conditions.test.ts',
        'stock is created only if it is absent, and changed under its version',
      ],
    },
    {
      name: 'new stock without absent',
      find: "{ op: 'put', row: { ...key, ...next }, when: absent }",
      replace: "{ op: 'put', row: { ...key, ...next } }",
      consequence: 'A concurrent event about a new product sets its claims back to zero.',
      caughtBy: [
        'test/unit/tickets/written-conditions.test.ts',
        'stock is created only if it is absent, and changed under its version',
      ],
    },
  ]),
];
