import { bugsIn, type PlantedBug } from '../planted-bug.ts';

/** Bugs in orders: each of them would end an order wrongly, twice or never. */
export const plantedInOrders: readonly PlantedBug[] = [
  ...bugsIn('lambdas/orders/order.ts', [
    {
      name: 'declined order proceeds',
      find: "return { state: { status: 'CANCELLED', reason: event.data.reason } };",
      replace: "return { state: { status: 'PAYMENT_AUTHORIZED' } };",
      consequence: 'An order that was not paid gets a ticket.',
      caughtBy: ['test/unit/orders/order.test.ts', 'becomes CANCELLED with the reason when its payment is declined'],
    },
    {
      name: 'ticket before its payment is ignored',
      find: '// A ticket is decided only after a payment, so its event implies that the order is paid. It may arrive first.\n      return applyTicket(order, event);',
      replace: 'return undefined;',
      consequence: 'An order whose events arrive in another order never ends.',
      caughtBy: [
        'test/unit/orders/order.test.ts',
        'becomes FINISHED when TicketIssued arrives before PaymentAuthorized',
      ],
    },
    {
      name: 'rejected ticket waits for a ticket to be voided',
      find: "startRefund(order, event.data.reason, ['payment'])",
      replace: "startRefund(order, event.data.reason, ['payment', 'ticket'])",
      consequence: 'A sold-out order stays in REFUNDING forever.',
      caughtBy: [
        'test/unit/orders/order.test.ts',
        'becomes REFUNDING when TicketRejected arrives before PaymentAuthorized',
      ],
    },
    {
      name: 'refund ends with its first part',
      find: 'if (remaining.length > 0)',
      replace: 'if (remaining.length > 1)',
      consequence: 'An order is REFUNDED before its money or its seat is returned.',
      caughtBy: [
        'test/unit/orders/order.test.ts',
        'waits for the ticket when a requested refund returns the payment first',
      ],
    },
    {
      name: 'refund of an order that is not finished',
      find: "order.status === 'FINISHED' ? startRefund",
      replace: "order.status !== 'NEW' ? startRefund",
      consequence: 'An order that was cancelled or refunded can be refunded again.',
      caughtBy: ['test/unit/orders/order.test.ts', 'a PAYMENT_AUTHORIZED order'],
    },
    {
      name: 'finished order follows late events',
      find: "case 'FINISHED':\n    case 'CANCELLED':",
      replace: "case 'FINISHED':\n      return applyTicket(order, event);\n    case 'CANCELLED':",
      consequence: 'A late TicketRejected refunds an order whose ticket is valid.',
      caughtBy: ['test/unit/orders/order.test.ts', 'ignores every later'],
    },
    {
      name: 'sweep forgets paid orders',
      find: "order.status === 'NEW' || order.status === 'PAYMENT_AUTHORIZED'",
      replace: "order.status === 'NEW'",
      consequence: 'A paid order whose next event was lost waits forever.',
      caughtBy: [
        'test/unit/orders/order.test.ts',
        'isWaitingFor returns true only for the event whose outcome the order still needs',
      ],
    },
    {
      name: 'sweep forgets refunds',
      find: "type === 'RefundRequested' && order.status === 'REFUNDING'",
      replace: "type === 'RefundRequested' && order.status === 'REFUNDED'",
      consequence: 'A refund whose event was lost waits forever.',
      caughtBy: [
        'test/unit/orders/order.test.ts',
        'isWaitingFor returns true only for the event whose outcome the order still needs',
      ],
    },
  ]),
  ...bugsIn('lambdas/orders/order-store.ts', [
    {
      name: 'order without its version',
      find: 'set, when: versionIs(order.version) }',
      replace: 'set, when: undefined as never }',
      consequence: 'Two concurrent events of an order overwrite each other.',
      caughtBy: [
        'test/unit/orders/written-conditions.test.ts',
        'each transition is written under the version that was read',
      ],
    },
    {
      name: 'refund request without absent',
      find: "{ op: 'put', row, when: absent }], publish",
      replace: "{ op: 'put', row }], publish",
      consequence: 'The record of the Idempotency-Key of a refund is overwritten.',
      caughtBy: [
        'test/unit/orders/written-conditions.test.ts',
        'a refund is requested only if none was, without a TTL',
      ],
    },
    {
      name: 'refund key accepted for another body',
      find: 'assertSameRequest(refundRow, identity);',
      replace: '',
      consequence: 'A refund with another reason under a used key is reported as done.',
      caughtBy: [
        'test/unit/orders/request-refund.test.ts',
        'a refund with a used key is rejected if its body is another one',
      ],
    },
  ]),
  ...bugsIn('lambdas/orders/place-order-store.ts', [
    {
      name: 'order key accepted for another body',
      find: 'assertSameRequest(row, identity);',
      replace: '',
      consequence: 'Another order under a used key is reported as placed.',
      caughtBy: ['test/unit/orders/place-order-store.test.ts', 'is rejected with 422 if its body is another one'],
    },
  ]),
  ...bugsIn('lambdas/orders/refusal.ts', [
    {
      name: 'refusal that an earlier write overtakes',
      find: "writes: [{ op: 'put', row: refusal, when: row ? versionIs(versionOf(row)) : absent }],",
      replace: 'writes: refusal ? [] : [],',
      consequence: 'A customer pays for an order that was refused, and for the one that replaced it.',
      caughtBy: [
        'test/simulation/refused-orders.test.ts',
        'an order that was refused because of its price is never paid',
      ],
    },
    {
      name: 'refusal without a condition',
      find: 'row: refusal, when: row ? versionIs(versionOf(row)) : absent }',
      replace: 'row: refusal }',
      consequence: 'A refusal overwrites an order that another attempt has placed.',
      caughtBy: [
        'test/unit/orders/written-conditions.test.ts',
        'the refusal of a request is written under the key of its order',
      ],
    },
  ]),
  ...bugsIn('lambdas/orders/placement.ts', [
    {
      name: 'order without absent',
      find: 'row: createOrderRow(order, identity), when: absent })',
      replace: 'row: createOrderRow(order, identity) })',
      consequence: 'A repeated request sets a paid order back to NEW.',
      caughtBy: [
        'test/unit/orders/place-order-store.test.ts',
        'returns the order of a concurrent request with the same key',
      ],
    },
    {
      name: 'replayed order shows its current state',
      find: 'place(parseOrder(row).order)',
      replace: 'parseOrder(row).order',
      consequence: 'A replay does not return the first response.',
      caughtBy: [
        'test/unit/orders/place-order-store.test.ts',
        'is returned as it was placed, whatever its state is by now',
      ],
    },
    {
      name: 'order below the price of its items',
      find: 'if (expected === undefined || expected === price.total) return;',
      replace: 'if (expected === undefined || expected <= price.total) return;',
      consequence: 'A customer chooses the price.',
      caughtBy: ['test/unit/orders/place-order-store.test.ts', 'if its items cost 10'],
    },
  ]),
  ...bugsIn('lambdas/orders/order-row.ts', [
    {
      name: 'refusal is an order',
      find: 'if (!row || isRefusal(row)) throw',
      replace: 'if (!row) throw',
      consequence: 'A read of a refused order is an internal error.',
      caughtBy: ['test/simulation/refused-orders.test.ts', 'the id of a request that was refused is no order'],
    },
    {
      name: 'order with a TTL',
      find: '  placed_at_id: placedAtId(placed),\n',
      replace: '  placed_at_id: placedAtId(placed),\n  expires_at: 1,\n',
      consequence: 'Orders disappear, and their Idempotency-Keys with them.',
      caughtBy: [
        'test/unit/orders/written-conditions.test.ts',
        'an order is placed only if it is absent, without a TTL',
      ],
    },
  ]),
  ...bugsIn('lambdas/orders/sweep-schedule.ts', [
    {
      name: 'minute marked as done while the index lags',
      find: 'ageMinutes >= MAX_INDEX_LAG_MINUTES',
      replace: 'ageMinutes >= 0',
      consequence: 'An order that the index shows late is never swept.',
      caughtBy: [
        'test/unit/orders/stuck-orders.test.ts',
        'reads ended orders until their minute is marked as done, and then never again',
      ],
    },
  ]),
  ...bugsIn('lambdas/orders/stuck-orders.ts', [
    {
      name: 'minute with waiting orders is marked as done',
      find: 'if (stuck === 0 && canBeMarkedDone(minute))',
      replace: 'if (canBeMarkedDone(minute))',
      consequence: 'Orders that still wait are never nudged again.',
      caughtBy: [
        'test/unit/orders/stuck-orders.test.ts',
        'nudges a waiting order at each doubling, and skips its minute once the order has ended',
      ],
    },
  ]),
];
