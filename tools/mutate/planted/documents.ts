import { bugsIn, type PlantedBug } from '../planted-bug.ts';

/** Bugs in documents: each of them would lose a document, or show another one. */
export const plantedInDocuments: readonly PlantedBug[] = [
  ...bugsIn('lambdas/documents/document.ts', [
    {
      name: 'older document replaces a newer one',
      find: 'a.instant === b.instant ? a.hash > b.hash : a.instant > b.instant',
      replace: 'a.instant === b.instant ? a.hash > b.hash : a.instant < b.instant',
      consequence: 'The oldest document stays.',
      caughtBy: [
        'test/unit/documents/document.test.ts',
        'is the one with the later date, then the one with the greater hash',
      ],
    },
    {
      name: 'documents of the same date are not ordered',
      find: 'a.instant === b.instant ? a.hash > b.hash :',
      replace: 'a.instant === b.instant ? true :',
      consequence: 'The store side and the cache side keep different texts.',
      caughtBy: [
        'test/unit/documents/document.test.ts',
        'is the one with the later date, then the one with the greater hash',
      ],
    },
    {
      name: 'not found replaces a document',
      find: 'if (current.found && !answer.found) return undefined;',
      replace: '',
      consequence: 'A late answer hides a document that exists.',
      caughtBy: ['test/unit/documents/document.test.ts', '"not found" after a document'],
    },
    {
      name: 'expired answer is cached',
      find: 'if (!isFresh(answer, now)) return undefined;',
      replace: '',
      consequence: 'A delayed answer is served for longer than the TTL.',
      caughtBy: ['test/unit/documents/document.test.ts', 'an answer that has expired'],
    },
    {
      name: 'expired document is served',
      find: 'cached.until > now;',
      replace: 'cached.until > 0;',
      consequence: 'A document is served until DynamoDB deletes its row, up to two days later.',
      caughtBy: ['test/unit/documents/document.test.ts', 'an answer that has expired'],
    },
  ]),
  ...bugsIn('lambdas/documents/record-store.ts', [
    {
      name: 'stored document without its version',
      find: 'when: stored ? versionIs(stored.version) : absent }],',
      replace: 'when: stored ? (undefined as never) : absent }],',
      consequence: 'Of two concurrent documents, the older one may stay.',
      caughtBy: [
        'test/unit/documents/written-conditions.test.ts',
        'a document is stored only if it is absent or under its version, without a TTL',
      ],
    },
    {
      name: 'stored document with a TTL',
      find: 'version: (stored?.version ?? 0) + 1, at: cause.time };',
      replace: 'version: (stored?.version ?? 0) + 1, at: cause.time, expires_at: 1 };',
      consequence: 'Documents disappear.',
      caughtBy: [
        'test/unit/documents/written-conditions.test.ts',
        'a document is stored only if it is absent or under its version, without a TTL',
      ],
    },
    {
      name: 'wrong hash is accepted',
      find: 'data.hash !== undefined && data.hash !== hashOfText(data.document)',
      replace: "data.hash === ''",
      consequence: 'A document that was changed on its way is stored.',
      caughtBy: ['test/unit/documents/on-order-documents.test.ts', 'of another hash'],
    },
    {
      name: 'document of another UID is stored',
      find: 'if (parsed.order_uid !== data.order_uid)',
      replace: "if (parsed.order_uid === '')",
      consequence: 'A document is stored under the UID of another one.',
      caughtBy: ['test/unit/documents/on-order-documents.test.ts', 'is dead-lettered with all of its errors'],
    },
    {
      name: 'stale submission is not answered',
      find: 'return { writes: [], publish: [foundPublication(stored, hash, createCause())], result: undefined };',
      replace: 'return { writes: [], result: undefined };',
      consequence: 'The cache keeps an answer that the store side has replaced.',
      caughtBy: [
        'test/unit/documents/written-conditions.test.ts',
        'a document is stored only if it is absent or under its version, without a TTL',
      ],
    },
  ]),
  ...bugsIn('lambdas/documents/cache-store.ts', [
    {
      name: 'lease without a condition',
      find: "writes: [{ op: 'put', row, when: lease ? versionIs(lease.version) : absent }],",
      replace: "writes: [{ op: 'put', row }],",
      consequence: 'Each of many readers requests a lookup of its own.',
      caughtBy: [
        'test/unit/documents/written-conditions.test.ts',
        'the lease of a lookup is taken only if it is absent, or under its version when it has ended',
      ],
    },
    {
      name: 'lease that never ends',
      find: 'lease && lease.until > now ? lease : undefined;',
      replace: 'lease;',
      consequence: 'After a lost answer, a document cannot be looked up again.',
      caughtBy: [
        'test/unit/documents/written-conditions.test.ts',
        'the lease of a lookup is taken only if it is absent, or under its version when it has ended',
      ],
    },
    {
      name: 'cached document without its version',
      find: 'when: versionBefore === undefined ? absent : versionIs(versionBefore) };',
      replace: 'when: undefined as never };',
      consequence: 'A concurrent older answer replaces a newer one.',
      caughtBy: [
        'test/unit/documents/written-conditions.test.ts',
        'an answer is cached only if the cache row is absent or under its version, and ends the lease',
      ],
    },
    {
      name: 'not found ends the lookup of another reader',
      find: "event.type === 'OrderFound' || lease?.lookup_id === event.data.in_reply_to",
      replace: 'true',
      consequence: 'A reader gets 404 for a document that was stored before the request.',
      caughtBy: [
        'test/unit/documents/written-conditions.test.ts',
        'an answer is cached only if the cache row is absent or under its version, and ends the lease',
      ],
    },
  ]),
  ...bugsIn('lambdas/documents/submit-document.ts', [
    {
      name: 'unescaped text reaches SQS',
      find: 'const document = escapeForSqs(text);',
      replace: 'const document = text;',
      consequence: 'SQS refuses the event, which is parked and dead-lettered after a day.',
      caughtBy: [
        'test/unit/documents/submit-document.test.ts',
        'a submitted document is published with its hash, and with the characters escaped that SQS refuses',
      ],
    },
  ]),
  ...bugsIn('lambdas/documents/find-document.ts', [
    {
      name: 'text outlives its row',
      find: 'untilMs: until,',
      replace: 'untilMs: until + MEMORY_TTL_MS,',
      consequence: 'A document is served from memory after its cache row has expired.',
      caughtBy: ['test/unit/documents/find-document.test.ts', 'returns a text no longer than its row may be served'],
    },
    {
      name: 'pending lookup is kept in memory',
      find: "version: '', untilMs: UNCACHED, ...hit }",
      replace: "version: '', ...hit }",
      consequence: 'A document that has been found is reported as not found for five seconds.',
      caughtBy: [
        'test/unit/documents/find-document.test.ts',
        'keeps neither that a lookup is pending nor what it has not found',
      ],
    },
  ]),
];
