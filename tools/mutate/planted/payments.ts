import { bugsIn, type PlantedBug } from '../planted-bug.ts';

/** Bugs in payments: each of them would create, lose or double money. */
export const plantedInPayments: readonly PlantedBug[] = [
  ...bugsIn('lambdas/payments/payment-store.ts', [
    {
      name: 'payment decision without absent',
      find: "...rows.map(({ row }): Write => ({ op: 'put', row, when: absent })),",
      replace: "...rows.map(({ row }): Write => ({ op: 'put', row })),",
      consequence: 'A late decline overwrites the entry of a payment, and the money is gone.',
      caughtBy: [
        'test/unit/payments/torn-reads.test.ts',
        'does not decline an order that a concurrent delivery has paid',
      ],
    },
    {
      name: 'refund entry without absent',
      find: "{ op: 'put', row, when: absent, decides: true }",
      replace: "{ op: 'put', row }",
      consequence: 'Two concurrent requests, of which one is a nudge, refund an order twice.',
      caughtBy: [
        'test/unit/payments/torn-reads.test.ts',
        'does not refund an order twice, also if the second request is a nudge',
      ],
    },
    {
      name: 'refund of the amount in the event',
      find: 'refund(before, -payment.amount, order_id, at)',
      replace: 'refund(before, event.data.amount, order_id, at)',
      consequence: 'An event with a wrong amount creates or destroys money.',
      caughtBy: [
        'test/unit/payments/payment-store.test.ts',
        'credits the amount of the payment, whatever amount its event has',
      ],
    },
    {
      name: 'refund to any user',
      find: "|| paymentRow?.['user_id'] !== user_id)",
      replace: ')',
      consequence: 'A user gets the refund of an order that another user has paid.',
      caughtBy: ['test/unit/payments/payment-store.test.ts', 'credits the payer once, and rejects any other user'],
    },
    {
      name: 'refund of a declined order',
      find: "payment?.decision !== 'authorized'",
      replace: '!payment',
      consequence: 'The refund of an order that was never paid writes an amount that is not a number.',
      caughtBy: ['test/unit/payments/payment-store.test.ts', 'is rejected for an order that was declined'],
    },
    {
      name: 'decided orders are decided again',
      find: 'orders.filter((_, index) => !decisions[index])',
      replace: 'orders',
      consequence: 'A redelivered order is decided again, against another balance.',
      caughtBy: [
        'test/unit/payments/payment-store.test.ts',
        'repeats the answer of the decision with the same id and data, and pays nothing',
      ],
    },
    {
      name: 'payment decision with a TTL',
      find: 'receipts: context.createReceipt(event) };\n  return decision.decision',
      replace: 'receipts: context.createReceipt(event), expires_at: 1 };\n  return decision.decision',
      consequence: 'The ledger loses the entry, and a redelivery after that pays again.',
      caughtBy: ['test/unit/payments/payment-store.test.ts', 'holds its receipt and never expires'],
    },
    {
      name: 'refund entry with a TTL',
      find: 'order_id, user_id, receipts: context.createReceipt(event), ...entry };',
      replace: 'order_id, user_id, receipts: context.createReceipt(event), ...entry, expires_at: 1 };',
      consequence: 'The ledger loses the entry, and a redelivery after that refunds again.',
      caughtBy: [
        'test/unit/payments/written-conditions.test.ts',
        'a refund only if it is absent, without a TTL, and its answer to a nudge once for each nudge',
      ],
    },
    {
      name: 'balance update with the nudge of its cause',
      find: '{ ...causeOf(event, Date.parse(at)), nudge: undefined }',
      replace: 'causeOf(event, Date.parse(at))',
      consequence: 'A nudged first delivery publishes the balance as a nudge, which no consumer of balances asked for.',
      caughtBy: [
        'test/unit/payments/payment-store.test.ts',
        'that is received first is not passed on to BalancesUpdated',
      ],
    },
    {
      name: 'nudges of a decided order are not answered',
      find: 'if (decision) await answerNudge(work, event, () => createAnswer(event, decision));',
      replace: '',
      consequence: 'An order whose answer was lost waits forever.',
      caughtBy: [
        'test/unit/payments/payment-store.test.ts',
        'repeats the answer of the decision with the same id and data, and pays nothing',
      ],
    },
  ]),
  ...bugsIn('lambdas/payments/account-row.ts', [
    {
      name: 'account without its version',
      find: 'when: versionIs(versionRead),',
      replace: 'when: undefined as never,',
      consequence: 'Two concurrent changes of one account lose one of them.',
      caughtBy: [
        'test/unit/payments/written-conditions.test.ts',
        'a new account and a deposit only if they are absent, and the account under its version',
      ],
    },
    {
      name: 'new account without absent',
      find: '      ...request,\n    },\n    when: absent,',
      replace: '      ...request,\n    },',
      consequence: 'Opening an account again sets its balance to zero.',
      caughtBy: [
        'test/unit/payments/written-conditions.test.ts',
        'a new account and a deposit only if they are absent, and the account under its version',
      ],
    },
  ]),
  ...bugsIn('lambdas/payments/account-store.ts', [
    {
      name: 'account opened by another request is a replay',
      find: "if (existing['opened_by'] !== identity.id)",
      replace: "if (existing['opened_by'] === undefined)",
      consequence: 'A second request for the same user gets 201 instead of 409.',
      caughtBy: [
        'test/unit/payments/account-store.test.ts',
        'is replayed for the same key, and rejected for another request',
      ],
    },
    {
      name: 'deposit entry without absent',
      find: 'body_hash: identity.body_hash }, when: absent },',
      replace: 'body_hash: identity.body_hash } },',
      consequence:
        'A concurrent repetition with the same Idempotency-Key fails, or deposits twice once the outbox record has expired.',
      caughtBy: ['test/unit/payments/torn-reads.test.ts', 'does not deposit twice for one Idempotency-Key'],
    },
    {
      name: 'deposit entry with a TTL',
      find: 'row: { ...key, ...entry, body_hash: identity.body_hash }',
      replace: 'row: { ...key, ...entry, body_hash: identity.body_hash, expires_at: 1 }',
      consequence: 'A repetition with the same Idempotency-Key after the TTL deposits again.',
      caughtBy: [
        'test/unit/payments/written-conditions.test.ts',
        'a new account and a deposit only if they are absent, and the account under its version',
      ],
    },
    {
      name: 'replayed deposit shows the current balance',
      find: "balance: Number(existing['balance_after'])",
      replace: "balance: Number(row?.['balance'])",
      consequence: 'A replay does not return the first response.',
      caughtBy: ['test/unit/payments/account-store.test.ts', 'returns the balance of its first response'],
    },
    {
      name: 'deposit key accepted for another body',
      find: 'assertSameRequest(existing, identity);\n      const balance',
      replace: 'const balance',
      consequence: 'A deposit of another amount under a used key is reported as done.',
      caughtBy: ['test/unit/payments/account-store.test.ts', 'is rejected if its body is another one'],
    },
  ]),
  ...bugsIn('lambdas/payments/ledger.ts', [
    {
      name: 'balance equal to the amount is not enough',
      find: 'current.balance < order.amount',
      replace: 'current.balance <= order.amount',
      consequence: 'An order for the whole balance is declined.',
      caughtBy: [
        'test/unit/payments/ledger.test.ts',
        'authorizes an order of the whole balance and declines one above it',
      ],
    },
    {
      name: 'orders of a batch are decided against the first balance',
      find: 'current = posted.account;',
      replace: '',
      consequence: 'Several orders spend the same money.',
      caughtBy: ['test/unit/payments/ledger.test.ts', 'decides orders in sequence, each against the remaining balance'],
    },
    {
      name: 'postings do not sum to zero',
      find: '{ account: counterparty, amount: -amount },',
      replace: '{ account: counterparty, amount },',
      consequence: 'The ledger creates money.',
      caughtBy: [
        'test/unit/payments/ledger.test.ts',
        'posts an entry with merchant:orders as its destination for each authorized order',
      ],
    },
    {
      name: 'entry without a new version',
      find: 'const version = account.version + 1;',
      replace: 'const version = account.version;',
      consequence: 'Two entries of an account have the same version, and a concurrent change is not noticed.',
      caughtBy: ['test/unit/payments/ledger.test.ts', 'adds the amount to the balance and increments the version'],
    },
    {
      name: 'refund entry under the id of the payment',
      find: 'entry_id: `refund:${orderId}`',
      replace: 'entry_id: `order:${orderId}`',
      consequence: 'The balance after a refund has the event id of the payment, so consumers ignore it.',
      caughtBy: ['test/unit/payments/ledger.test.ts', 'refund posts the reversal of a payment, with an id of its own'],
    },
  ]),
  ...bugsIn('lambdas/payments/update-programme/chunk-store.ts', [
    {
      name: 'tick entry without absent',
      find: '...toBulkRow(entry) }, when: absent, decides: true },',
      replace: '...toBulkRow(entry) } },',
      consequence: 'A tick that is delivered twice overwrites its entry.',
      caughtBy: ['test/unit/payments/torn-reads.test.ts', 'does not apply a tick twice'],
    },
    {
      name: 'tick entry of a deferred account without absent',
      find: "{ op: 'put', row: { ...receipt, ...entry }, when: absent },",
      replace: "{ op: 'put', row: { ...receipt, ...entry } },",
      consequence: 'A tick that is delivered twice changes a deferred account twice.',
      caughtBy: [
        'test/unit/payments/written-conditions.test.ts',
        'the entry of a deferred account only if it is absent, also if its balance cannot change',
      ],
    },
    {
      name: 'tick receipt of an unchanged account without absent',
      find: "writes: [{ op: 'put', row: emptyRow, when: absent }]",
      replace: "writes: [{ op: 'put', row: emptyRow }]",
      consequence: 'The receipt of an unchanged account replaces the entry of a concurrent delivery.',
      caughtBy: [
        'test/unit/payments/written-conditions.test.ts',
        'the entry of a deferred account only if it is absent, also if its balance cannot change',
      ],
    },
    {
      name: 'no tick receipt for an unchanged account',
      find: "return { writes: [{ op: 'put', row: emptyRow, when: absent }], result: undefined };",
      replace: 'return { writes: [], result: undefined };',
      consequence: 'A repeated tick takes money that was not there when the tick was applied.',
      caughtBy: [
        'test/unit/payments/written-conditions.test.ts',
        'the entry of a deferred account only if it is absent, also if its balance cannot change',
      ],
    },
    {
      name: 'tick applied after its deadline',
      find: 'if (lateMs > 0) {',
      replace: 'if (deadline_at === tick) {',
      consequence: 'After an outage, all ticks of the outage are applied at once.',
      caughtBy: [
        'test/unit/payments/update-programme/programme-store.test.ts',
        'drops a tick after its deadline and applies it before',
      ],
    },
    {
      name: 'tick dropped while its write is on its way',
      find: 'lateMs <= LATE_WRITE_MS && receiveCount > 1',
      replace: 'lateMs < 0',
      consequence: 'The accounts that a late write defers are never updated.',
      caughtBy: [
        'test/unit/payments/update-programme/programme-store.test.ts',
        'does not drop a tick that was received before while its earlier write may still be applied',
      ],
    },
    {
      name: 'interrupted tick is not completed',
      find: 'if (entry) return resumeTick(work, event, parseDeferred(entry));',
      replace: 'if (entry) return;',
      consequence: 'Deferred accounts of a tick that crashed are never updated.',
      caughtBy: [
        'test/unit/payments/written-conditions.test.ts',
        'the entry of a deferred account only if it is absent, also if its balance cannot change',
      ],
    },
  ]),
  ...bugsIn('lambdas/payments/update-programme/bulk-ledger.ts', [
    {
      name: 'tick lowers a balance below zero',
      find: 'Math.max(-balance, Math.min(change, Math.max(0, MAX_BALANCE - balance)))',
      replace: 'Math.min(change, Math.max(0, MAX_BALANCE - balance))',
      consequence: 'A bulk update makes a balance negative.',
      caughtBy: [
        'test/unit/payments/update-programme/bulk-ledger.test.ts',
        'limits changes so that balances stay between zero and the maximum',
      ],
    },
    {
      name: 'counter posting of a bulk entry has the wrong sign',
      find: 'const counterAmount = 0 - changes',
      replace: 'const counterAmount = changes',
      consequence: 'A bulk entry does not sum to zero.',
      caughtBy: [
        'test/unit/payments/update-programme/programme-store.test.ts',
        'fills a chunk in one transaction of 100 items',
      ],
    },
  ]),
  ...bugsIn('lambdas/payments/update-programme/seeding.ts', [
    {
      name: 'seed entry without absent',
      find: '...toBulkRow(entry) }, when: absent },',
      replace: '...toBulkRow(entry) } },',
      consequence: 'A seed that runs twice overwrites an entry.',
      caughtBy: [
        'test/unit/payments/written-conditions.test.ts',
        'seeded users only if they are absent, and the reservation of their chunks under its version',
      ],
    },
  ]),
  ...bugsIn('lambdas/payments/update-programme/enrolment.ts', [
    {
      name: 'chunk with 98 members',
      find: 'parseMembers(openRow).length < CHUNK_SIZE',
      replace: 'parseMembers(openRow).length <= CHUNK_SIZE',
      consequence: 'The transaction of a tick has more than 100 items, so its chunk is never updated.',
      caughtBy: [
        'test/unit/payments/update-programme/programme-store.test.ts',
        'joins the open chunk, or a new chunk if the open one is full',
      ],
    },
  ]),
  ...bugsIn('lambdas/payments/update-programme/chunk-row.ts', [
    {
      name: 'members of a chunk without a version',
      find: 'version: versionRead + 1 }, when: versionIs(versionRead) };',
      replace: 'version: versionRead + 1 }, when: undefined as never };',
      consequence: 'Of two accounts that join a chunk at the same time, one is lost.',
      caughtBy: [
        'test/unit/payments/written-conditions.test.ts',
        'the chunk of an enrolled account and the programme under their versions',
      ],
    },
  ]),
];
