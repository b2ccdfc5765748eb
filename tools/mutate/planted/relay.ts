import { bugsIn, type PlantedBug } from '../planted-bug.ts';

/** Bugs in the relay: each of them would lose an event, or block the events behind it. */
export const plantedInRelay: readonly PlantedBug[] = [
  ...bugsIn('lambdas/relay/relay.ts', [
    {
      name: 'relay without its deadline',
      find: 'if (ports.clock.now() > deadlineMs) return unsent;',
      replace: '',
      consequence: 'A slow bus leaves no time for parking, so the stream repeats the batch until its records expire.',
      caughtBy: ['test/unit/relay/unavailable-bus.test.ts', 'leaves the relay enough time to park all events'],
    },
    {
      name: 'refused events are dropped',
      find: 'return [...failed, ...refused];',
      replace: 'return failed;',
      consequence: 'An event that the bus refused is lost.',
      caughtBy: ['test/unit/relay/relay.test.ts', 'sends only refused entries again'],
    },
    {
      name: 'events are not parked',
      find: 'await ports.park(parked, deadlines.parkingMs);',
      replace: '',
      consequence: 'An event that the bus refused is lost.',
      caughtBy: [
        'test/unit/relay/relay.test.ts',
        'retries twice after short random waits, then parks the unsent events unchanged',
      ],
    },
    {
      name: 'parking without a deadline',
      find: 'await ports.park(parked, deadlines.parkingMs);',
      replace: 'await ports.park(parked);',
      consequence: 'A queue that hangs kills the relay.',
      caughtBy: ['test/unit/relay/relay.test.ts', 'calls the bus and the parking queue with their deadlines'],
    },
    {
      name: 'all time for sending',
      find: 'sendingMs: nowMs + remainingMs * 0.5,',
      replace: 'sendingMs: nowMs + remainingMs * 0.95,',
      consequence: 'A slow bus leaves no time for parking.',
      caughtBy: ['test/unit/relay/unavailable-bus.test.ts', 'leaves the relay enough time to park all events'],
    },
    {
      name: 'unreadable records are sent',
      find: 'if (EnvelopeSchema.safeParse(candidate).success) events.push(candidate as Envelope);\n    else unreadable.push(candidate);',
      replace: 'events.push(candidate as Envelope);',
      consequence: 'The bus refuses the whole request because of one record.',
      caughtBy: [
        'test/unit/relay/relay.test.ts',
        'parks what is not an event without sending it, and sends its neighbours',
      ],
    },
    {
      name: 'request above 256 KB',
      find: 'maxBytes: 240 * 1024 }',
      replace: 'maxBytes: 2400 * 1024 }',
      consequence: 'The bus refuses the request.',
      caughtBy: ['test/unit/relay/relay.test.ts', 'limits a batch to 240 KB and sends a large event alone'],
    },
    {
      name: 'unreachable bus fails the relay',
      find: '.catch((error: unknown): string[] => sent.map(() => String(error)));',
      replace: ';',
      consequence: 'The stream repeats the batch, and newer events wait.',
      caughtBy: ['test/unit/relay/relay.test.ts', 'parks all events if the bus cannot be reached'],
    },
  ]),
  ...bugsIn('lambdas/relay/event-bus.ts', [
    {
      name: 'result of an entry is not checked',
      find: "(Entries[index]?.EventId ? undefined : (Entries[index]?.ErrorCode ?? 'no result'))",
      replace: '(Entries[index] ? undefined : undefined)',
      consequence: 'An event that the bus refused is lost.',
      caughtBy: ['test/unit/relay/event-bus.test.ts', 'returns an error code for each entry that is not confirmed'],
    },
    {
      name: 'bus without a deadline',
      find: '      }),\n      abortAt(deadlineMs),\n    );\n    // An entry',
      replace: '      }),\n    );\n    // An entry',
      consequence: 'A bus that hangs uses up the time for parking.',
      caughtBy: ['test/unit/relay/event-bus.test.ts', 'ends by its deadline if it is the bus'],
    },
    {
      name: 'parking ignores the size of a message',
      find: 'for (const batch of splitIntoBatches(events, PARKING_LIMITS))',
      replace: 'for (const batch of [events])',
      consequence: 'SQS refuses a message above 256 KB, so the stream repeats the batch until its records expire.',
      caughtBy: [
        'test/unit/relay/event-bus.test.ts',
        'sends events in as few messages as their size allows, each a JSON array',
      ],
    },
  ]),
  ...bugsIn('lambdas/relay/publish-outbox.ts', [
    {
      name: 'record that is too large to be parked blocks the stream',
      find: 'for (const event of events) checkSize(event);',
      replace: '',
      consequence: 'A row that was written by hand stops all events of its table for a day.',
      caughtBy: ['test/simulation/waiting-messages.test.ts', 'does not delay the events behind it'],
    },
    {
      name: 'unreadable record blocks the stream',
      find: '    return [];\n',
      replace: '    throw error;\n',
      consequence: 'One record that was written by hand stops all events of its shard for a day.',
      caughtBy: ['test/unit/relay/publish-outbox.test.ts', 'also behind a record that cannot be read'],
    },
  ]),
  ...bugsIn('lambdas/relay/on-outbox-retry.ts', [
    {
      name: 'parked event given up after an hour',
      find: 'const MAX_AGE_MS = 24 * 3600 * 1000;',
      replace: 'const MAX_AGE_MS = 3600 * 1000;',
      consequence: 'An outage of the bus dead-letters events.',
      caughtBy: ['test/unit/relay/on-outbox-retry.test.ts', 'are dead-lettered only after 24 hours'],
    },
    {
      name: 'parked event never given up',
      find: '<= MAX_AGE_MS',
      replace: '<= Number.POSITIVE_INFINITY',
      consequence: 'An event that the bus never takes is retried until SQS deletes it.',
      caughtBy: ['test/unit/relay/on-outbox-retry.test.ts', 'are dead-lettered only after 24 hours'],
    },
    {
      name: 'sent events are sent again',
      find: 'if (unsent.length < events.length || unreadable !== undefined) {',
      replace: 'if (unreadable !== undefined) {',
      consequence: 'Events that were sent are sent again with each retry of their neighbours.',
      caughtBy: [
        'test/unit/relay/on-outbox-retry.test.ts',
        'are requeued without those of their message that the bus accepted',
      ],
    },
    {
      name: 'unsent parked events are acknowledged',
      find: '    failedIds.push(id);\n',
      replace: '',
      consequence: 'An event that the bus refuses twice is lost.',
      caughtBy: [
        'test/unit/relay/on-outbox-retry.test.ts',
        'stay on the queue with that delay while the bus refuses all of a message',
      ],
    },
    {
      name: 'parked events without backoff',
      find: 'Math.min(2 ** (receiveCount - 1), MAX_DELAY_S)',
      replace: '1',
      consequence: 'A bus that is down gets each event every second.',
      caughtBy: [
        'test/unit/relay/on-outbox-retry.test.ts',
        'are retried after 1, 2, 4 … 512 and then every 900 seconds',
      ],
    },
  ]),
];
