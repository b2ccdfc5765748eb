import { bugsIn, type PlantedBug } from '../planted-bug.ts';

/** Bugs in messaging: each of them would lose a message, or dead-letter a good one. */
export const plantedInMessaging: readonly PlantedBug[] = [
  ...bugsIn('lambdas/shared/messaging/consume.ts', [
    {
      name: 'failing message is acknowledged',
      find: "return { outcome: isPermanent ? 'dead_letter' : 'retry', reason: reasonOf(error) };",
      replace: "return { outcome: 'done' };",
      consequence: 'A message that failed is lost.',
      caughtBy: [
        'test/unit/shared/messaging/consume.test.ts',
        'is retried after 1, 2, 4 and 8 seconds, by its number of failures',
      ],
    },
    {
      name: 'contention is a failure',
      find: "return { outcome: 'requeue', isContended: true };",
      replace: "return { outcome: 'retry', reason: 'busy' };",
      consequence: 'A busy account dead-letters its orders.',
      caughtBy: ['test/unit/shared/messaging/consume.test.ts', 'is requeued as a new message and never dead-lettered'],
    },
    {
      name: 'contention without a limit',
      find: "error instanceof Busy && longestWaitMs('waiting_since') < MAX_CONTENTION_MS",
      replace: 'error instanceof Busy',
      consequence: 'A message that can never be processed circulates forever, and no alarm starts.',
      caughtBy: [
        'test/unit/shared/messaging/consume.test.ts',
        'fails after 24 hours of contention, however long it was in its queue before',
      ],
    },
    {
      name: 'missing prerequisite is a failure',
      find: "      return { outcome: 'requeue' };",
      replace: "      return { outcome: 'retry', reason: 'missing' };",
      consequence: 'The first orders of a new product are dead-lettered.',
      caughtBy: ['test/unit/shared/messaging/consume.test.ts', 'wait for a missing prerequisite by their own ages'],
    },
    {
      name: 'missing prerequisite without a limit',
      find: "error instanceof PrerequisiteMissing && longestWaitMs('prerequisite_since') < MAX_PREREQUISITE_WAIT_MS",
      replace: 'error instanceof PrerequisiteMissing',
      consequence: 'An order for a product that never arrives waits forever.',
      caughtBy: ['test/unit/shared/messaging/consume.test.ts', 'wait for a missing prerequisite by their own ages'],
    },
    {
      name: 'poison message is retried',
      find: 'error instanceof PoisonMessage || error instanceof Rejected',
      replace: 'error instanceof Rejected',
      consequence: 'A message that can never succeed is received five times.',
      caughtBy: ['test/unit/shared/messaging/consume.test.ts', 'is dead-lettered at the first receive if'],
    },
    {
      name: 'poison message fails its batch',
      find: "poison.push({ record, outcome: 'dead_letter', reason: reasonOf(error) });",
      replace: 'throw error;',
      consequence: 'One unreadable message stops its neighbours.',
      caughtBy: ['test/unit/shared/messaging/consume.test.ts', 'is dead-lettered at the first receive if it'],
    },
    {
      name: 'group fails as a whole',
      find: "if (group.length > 1 && result.outcome !== 'done' && !result.isContended)",
      replace: 'if (group.length > 1000)',
      consequence: 'One failing order fails all orders of its account.',
      caughtBy: ['test/unit/shared/messaging/consume.test.ts', 'are handled one by one if the group fails'],
    },
    {
      name: 'consumer without a deadline',
      find: 'const deadlineMs = receivedMs + timeoutMs * DEADLINE_SHARE;',
      replace: 'const deadlineMs = receivedMs + timeoutMs * 10;',
      consequence: 'A table that hangs kills the consumer before it can requeue its messages.',
      caughtBy: ['test/unit/shared/messaging/consume.test.ts', 'may use half of the function’s time for contention'],
    },
    {
      name: 'settlement without a deadline',
      find: 'queue: queue.withDeadline(settlementMs),',
      replace: 'queue,',
      consequence: 'A queue that hangs kills the consumer, and messages that were processed are received again.',
      caughtBy: [
        'test/unit/shared/messaging/consume.test.ts',
        'is settled with a deadline, which leaves the function time to return the result of its batch',
      ],
    },
    {
      name: 'duplicate is a failure',
      find: "return { outcome: 'duplicate' };",
      replace: "return { outcome: 'retry', reason: 'duplicate' };",
      consequence: 'A message that is delivered twice is dead-lettered.',
      caughtBy: ['test/unit/shared/messaging/consume.test.ts', 'is acknowledged if it was done before'],
    },
  ]),
  ...bugsIn('lambdas/shared/messaging/settle.ts', [
    {
      name: 'failures are not counted',
      find: 'history: { ...historyOf(record), failures },',
      replace: 'history: historyOf(record),',
      consequence: 'A message that always fails is retried forever.',
      caughtBy: [
        'test/unit/shared/messaging/consume.test.ts',
        'is retried after 1, 2, 4 and 8 seconds, by its number of failures',
      ],
    },
    {
      name: 'dead-lettered at the fourth failure',
      find: 'failures >= MAX_FAILURES)',
      replace: 'failures >= MAX_FAILURES - 1)',
      consequence: 'A message is dead-lettered before its last retry.',
      caughtBy: [
        'test/unit/shared/messaging/consume.test.ts',
        'is retried after 1, 2, 4 and 8 seconds, by its number of failures',
      ],
    },
    {
      name: 'unsettled message is acknowledged',
      find: 'failedIds.push(messageId);',
      replace: '',
      consequence: 'A message whose retry could not be sent is lost.',
      caughtBy: ['test/unit/shared/messaging/consume.test.ts', 'is delivered again by SQS if the retry cannot be sent'],
    },
    {
      name: 'dead letter is retried if it cannot be recorded',
      find: "logger.warn('dead letter not recorded', { ...correlationFields(event), error: error as Error });",
      replace: 'throw error;',
      consequence: 'A message is dead-lettered several times.',
      caughtBy: [
        'test/unit/shared/messaging/consume.test.ts',
        'is dead-lettered once, even if that cannot be recorded beside its aggregate',
      ],
    },
    {
      name: 'requeued message forgets its age',
      find: '{ waiting_since: toIso(now), ...before }',
      replace: '{ ...before, waiting_since: toIso(now) }',
      consequence: 'Contention is retried without limit.',
      caughtBy: [
        'test/unit/shared/messaging/consume.test.ts',
        'is requeued with the time since which it waits, and a metric of it',
      ],
    },
    {
      name: 'contention counts as a wait for a prerequisite',
      find: "isContended ? 'waiting_since' : 'prerequisite_since'",
      replace: "isContended ? 'prerequisite_since' : 'waiting_since'",
      consequence: 'The delay of a message grows with another wait than its own.',
      caughtBy: [
        'test/unit/shared/messaging/consume.test.ts',
        'is requeued with the time since which it waits, and a metric of it',
      ],
    },
    {
      name: 'one time for contention and for the prerequisite',
      find: ': { ...before, prerequisite_since };',
      replace: ': { ...before, prerequisite_since: before.waiting_since ?? prerequisite_since };',
      consequence: 'After an outage of its table, an order is dead-lettered at its first missing product.',
      caughtBy: [
        'test/unit/shared/messaging/consume.test.ts',
        'does not count the time of contention as a wait for a prerequisite',
      ],
    },
  ]),
  ...bugsIn('lambdas/shared/messaging/queue.ts', [
    {
      name: 'requeued message forgets its failures',
      find: "failures: countOf('failures'),",
      replace: 'failures: 0,',
      consequence: 'A message that always fails is retried forever.',
      caughtBy: [
        'test/unit/shared/messaging/consume.test.ts',
        'is retried after 1, 2, 4 and 8 seconds, by its number of failures',
      ],
    },
  ]),
  ...bugsIn('lambdas/shared/messaging/sqs-queue.ts', [
    {
      name: 'history is not sent',
      find: 'MessageAttributes: toAttributes(history) };',
      replace: 'MessageAttributes: {} };',
      consequence: 'A message that always fails is retried forever.',
      caughtBy: ['test/unit/shared/messaging/sqs-queue.test.ts', 'requeues a message with a delay and its history'],
    },
    {
      name: 'dead letter sent to its own queue',
      find: 'QueueUrl: dlqUrl,',
      replace: 'QueueUrl: queueUrl,',
      consequence: 'A poison message circulates forever.',
      caughtBy: [
        'test/unit/shared/messaging/sqs-queue.test.ts',
        'dead-letters a message with reason, times and receive count, and cuts a long reason',
      ],
    },
    {
      name: 'characters that SQS refuses',
      find: ".replaceAll(UNSUPPORTED_CHARACTERS, '\\uFFFD')",
      replace: '',
      consequence: 'A message whose reason quotes such a character cannot be dead-lettered.',
      caughtBy: [
        'test/unit/shared/messaging/sqs-queue.test.ts',
        'dead-letters a message whose reason has characters that SQS does not accept',
      ],
    },
  ]),
  ...bugsIn('lambdas/shared/messaging/sqs-sender.ts', [
    {
      name: 'unconfirmed messages are not sent again',
      find: 'unsent = await sendBatch(unsent, deadlineMs);',
      replace: 'await sendBatch(unsent);\n      unsent = [];',
      consequence: 'Ticks are lost if SQS throttles.',
      caughtBy: ['test/unit/shared/messaging/sqs-sender.test.ts', 'sends only unconfirmed messages again'],
    },
  ]),
  ...bugsIn('lambdas/shared/messaging/received-event.ts', [
    {
      name: 'event of another source is accepted',
      find: 'if (definition.source !== source) throw',
      replace: "if (source === '') throw",
      consequence: 'A publisher outside of the context states facts of the context.',
      caughtBy: ['test/unit/shared/messaging/consume.test.ts', 'is published by another source'],
    },
    {
      name: 'event of an unknown version is accepted',
      find: 'versions.find((candidate) => candidate.version === version)',
      replace: 'versions[0]',
      consequence: 'An event of a later version is parsed as an earlier one.',
      caughtBy: ['test/unit/shared/messaging/consume.test.ts', 'has an unknown version'],
    },
  ]),
  ...bugsIn('lambdas/shared/messaging/receipt.ts', [
    {
      name: 'nudge is lost on its way',
      find: '...(event.nudge === undefined ? {} : { nudge: event.nudge }),',
      replace: '',
      consequence: 'The answer to a nudge is not published again.',
      caughtBy: [
        'test/unit/payments/payment-store.test.ts',
        'repeats the answer of the decision with the same id and data, and pays nothing',
      ],
    },
  ]),
  ...bugsIn('lambdas/shared/outbox/answer-nudge.ts', [
    {
      name: 'nudge published again each time',
      find: "if (event.nudge === undefined) return count('Duplicates');",
      replace: '',
      consequence: 'An ordinary duplicate publishes its answer again.',
      caughtBy: ['test/unit/payments/payment-store.test.ts', 'pays an order once if all messages are the same order'],
    },
  ]),
];
