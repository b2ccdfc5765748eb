import { bugsIn, type PlantedBug } from '../planted-bug.ts';

/** Bugs in the store: each of them would break the guarantees that all contexts rely on. */
export const plantedInStore: readonly PlantedBug[] = [
  ...bugsIn('lambdas/shared/store/dynamo-store.ts', [
    {
      name: 'GetItem is eventually consistent',
      find: 'Key: keyOnly(key), ConsistentRead: true, ...capacity',
      replace: 'Key: keyOnly(key), ...capacity',
      consequence: 'A response or a plan may be based on a row from before its own write.',
      caughtBy: ['test/unit/shared/store/dynamo-wire.test.ts', 'is requested for one row'],
    },
    {
      name: 'BatchGetItem is eventually consistent',
      find: 'Keys: wanted, ConsistentRead: true } }',
      replace: 'Keys: wanted } }',
      consequence: 'A decision that exists is not seen, so each retry fails until the deadline.',
      caughtBy: [
        'test/unit/shared/store/dynamo-wire.test.ts',
        'is requested for many rows, and again for the keys that were not processed',
      ],
    },
    {
      name: 'Query is eventually consistent',
      find: '{ IndexName: query.index.name } : { ConsistentRead: true }',
      replace: '{ IndexName: query.index.name } : {}',
      consequence: 'Lists and totals leave out rows that were written before.',
      caughtBy: [
        'test/unit/shared/store/dynamo-wire.test.ts',
        'is requested for a partition on every page, but not for an index, which allows none',
      ],
    },
    {
      name: 'no ClientRequestToken',
      find: '      ClientRequestToken: token,\n',
      replace: '',
      consequence:
        'A transaction whose response was lost is applied again by a retry of the SDK, or reported as refused.',
      caughtBy: [
        'test/unit/shared/store/dynamo-wire.test.ts',
        'is sent with its token and its conditions, and asks for the row of a failed condition',
      ],
    },
    {
      name: 'unprocessed keys are missing rows',
      find: 'wanted = UnprocessedKeys?.[table]?.Keys ?? [];',
      replace: 'wanted = [];',
      consequence: 'Rows that were throttled count as absent, so orders are decided again.',
      caughtBy: [
        'test/unit/shared/store/dynamo-wire.test.ts',
        'is requested for many rows, and again for the keys that were not processed',
      ],
    },
    {
      name: 'only the first page of a query',
      find: 'start = page.LastEvaluatedKey;',
      replace: 'start = undefined;',
      consequence: 'A partition above 1 MB is cut off.',
      caughtBy: [
        'test/unit/shared/store/dynamo-wire.test.ts',
        'is requested for a partition on every page, but not for an index, which allows none',
      ],
    },
    {
      name: 'read without its deadline',
      find: 'new GetCommand({ TableName: table, Key: keyOnly(key), ConsistentRead: true, ...capacity }),\n    abortAt(deadlineMs),',
      replace: 'new GetCommand({ TableName: table, Key: keyOnly(key), ConsistentRead: true, ...capacity }),',
      consequence: 'A table that hangs uses up the time of the function.',
      caughtBy: [
        'test/unit/shared/store/dynamo-wire.test.ts',
        'makes reads throw Busy and writes end without a response at their deadline',
      ],
    },
  ]),
  ...bugsIn('lambdas/shared/store/dynamo-requests.ts', [
    {
      name: 'absent is no condition',
      find: "ConditionExpression: 'attribute_not_exists(pk)'",
      replace: "ConditionExpression: 'attribute_not_exists(absent)'",
      consequence: 'Decisions overwrite each other.',
      caughtBy: [
        'test/unit/shared/store/dynamo-wire.test.ts',
        'is sent with its token and its conditions, and asks for the row of a failed condition',
      ],
    },
    {
      name: 'version may be newer',
      find: "ConditionExpression: '#version = :version'",
      replace: "ConditionExpression: '#version >= :version'",
      consequence: 'A concurrent change is lost.',
      caughtBy: [
        'test/unit/shared/store/dynamo-wire.test.ts',
        'is sent with its token and its conditions, and asks for the row of a failed condition',
      ],
    },
    {
      name: 'put without its condition',
      find: '...(write.when ? conditionExpression(write.when) : {})',
      replace: '',
      consequence: 'Decisions overwrite each other.',
      caughtBy: [
        'test/unit/shared/store/dynamo-wire.test.ts',
        'is sent with its token and its conditions, and asks for the row of a failed condition',
      ],
    },
  ]),
  ...bugsIn('lambdas/shared/store/dynamo-errors.ts', [
    {
      name: 'transaction conflict is an error',
      find: "    case 'TransactionConflict':\n      return { kind: 'conflict' };\n",
      replace: '',
      consequence: 'Contention counts as a failure, and busy messages are dead-lettered.',
      caughtBy: [
        'test/unit/shared/store/dynamo-wire.test.ts',
        'plans again after a transaction conflict, with another ClientRequestToken',
      ],
    },
    {
      name: 'throttled transaction is an error',
      find: "    case 'ThrottlingError':\n",
      replace: '',
      consequence: 'A throttled table dead-letters messages.',
      caughtBy: ['test/unit/shared/store/dynamo-wire.test.ts', 'is contention, which is retried'],
    },
    {
      name: 'invalid transaction is contention',
      find: '    default:\n      return undefined;\n  }\n}',
      replace: "    default:\n      return { kind: 'conflict' };\n  }\n}",
      consequence: 'A bug is retried for 24 hours before an alarm starts.',
      caughtBy: ['test/unit/shared/store/dynamo-wire.test.ts', 'is an error, because no repetition can succeed'],
    },
    {
      name: 'conflict of a single write is an error',
      find: "  if (errorName(error) === 'TransactionConflictException') return writes.map(() => ({ kind: 'conflict' }));\n",
      replace: '',
      consequence: 'Contention counts as a failure.',
      caughtBy: ['test/unit/shared/store/dynamo-wire.test.ts', 'is contended while a transaction writes its row'],
    },
    {
      name: 'transaction in progress is an error',
      find: 'error instanceof TransactionInProgressException || ',
      replace: '',
      consequence: 'A retry that overlaps with the first attempt fails.',
      caughtBy: [
        'test/unit/shared/store/dynamo-wire.test.ts',
        'has no response yet while an earlier attempt of it is in progress',
      ],
    },
    {
      name: 'server error is a refusal without doubt',
      find: "    return writes.map(() => ({ kind: 'no_response' }));",
      replace: "    return writes.map(() => ({ kind: 'throttled' }));",
      consequence: 'The caller is told that nothing was changed, pays again, and has paid twice.',
      caughtBy: ['test/unit/shared/store/dynamo-wire.test.ts', 'is refused if it is'],
    },
    {
      name: 'lost response of an earlier attempt is forgotten',
      find: 'attemptsOf(error) > 1 || ',
      replace: '',
      consequence:
        'The SDK repeats a write whose response was lost, and its refusal is reported as "nothing was changed".',
      caughtBy: [
        'test/unit/shared/store/dynamo-wire.test.ts',
        'may have been written if an earlier attempt of the SDK got no response',
      ],
    },
  ]),
  ...bugsIn('lambdas/shared/store/commit.ts', [
    {
      name: 'existing decision is contention',
      find: 'if (existing) return { existing };\n    throwIf',
      replace: 'throwIf',
      consequence: 'A replay is retried until the deadline.',
      caughtBy: [
        'test/unit/shared/store/dynamo-wire.test.ts',
        'throws AlreadyDone with the stored row of the decision',
      ],
    },
    {
      name: 'same token for each plan',
      find: 'await store.write(writes, randomUUID());',
      replace: "await store.write(writes, '00000000-0000-4000-8000-000000000000');",
      consequence: 'DynamoDB takes a new decision for a repetition of an old one and refuses it.',
      caughtBy: [
        'test/unit/shared/store/dynamo-wire.test.ts',
        'plans again after a transaction conflict, with another ClientRequestToken',
      ],
    },
    {
      name: 'lost response is reported as nothing changed',
      find: 'if (mayBeWritten) return findOutcome(work, plan);\n      throw new Busy',
      replace: 'throw new Busy',
      consequence: 'The caller is told that nothing was changed, pays again, and has paid twice.',
      caughtBy: ['test/unit/shared/store/commit.test.ts', 'is found by its decision row after the deadline'],
    },
    {
      name: 'lost response is forgotten',
      find: 'mayBeWritten ||= outcome.mayBeWritten === true;',
      replace: 'mayBeWritten = outcome.mayBeWritten === true;',
      consequence: 'Contention after a lost response hides that the write may have been applied.',
      caughtBy: [
        'test/unit/shared/store/commit.test.ts',
        'is remembered although a later attempt meets contention only',
      ],
    },
    {
      name: 'rejection after a lost response is final',
      find: 'if (mayBeWritten) return findOutcome(work, plan);\n      throw outcome.rejection;',
      replace: 'throw outcome.rejection;',
      consequence: 'A deposit that was applied is reported as rejected, because the plan has read its own write.',
      caughtBy: [
        'test/unit/shared/store/commit.test.ts',
        'is looked for once more if its own effect makes the plan reject',
      ],
    },
    {
      name: 'contention without a deadline',
      find: 'if (clock.now() + waitMs > deadlineMs) {',
      replace: 'if (attempt > 100_000) {',
      consequence: 'A function runs into its timeout.',
      caughtBy: [
        'test/unit/shared/store/commit.test.ts',
        'throws Busy before its deadline if contention lasts, and has written nothing',
      ],
    },
    {
      name: 'event published twice without new state',
      find: 'throwIfPublishedBefore(error, writes, stateCount);',
      replace: '',
      consequence: 'A message is requeued forever, and no alarm starts.',
      caughtBy: [
        'test/unit/shared/store/commit.test.ts',
        'fails if an event is published again with new state, instead of retrying',
      ],
    },
  ]),
  ...bugsIn('lambdas/shared/store/limits.ts', [
    {
      name: 'row written twice in a transaction',
      find: 'if (sortKeys.includes(key.sk)) throw',
      replace: 'if (sortKeys.length > 100) throw',
      consequence: 'Tests in memory accept what DynamoDB refuses.',
      caughtBy: ['test/unit/shared/store/limits.test.ts', 'rejects two writes to one key'],
    },
  ]),
  ...bugsIn('lambdas/shared/outbox/outbox-record.ts', [
    {
      name: 'outbox record without absent',
      find: '    when: absent,\n    ...(isDecision',
      replace: '    ...(isDecision',
      consequence: 'An event that was published is published again under the same id, and no stream record shows it.',
      caughtBy: [
        'test/unit/shared/outbox/outbox-record.test.ts',
        'a record is put into the partition of its aggregate, under the id of its first event, if absent',
      ],
    },
    {
      name: 'answer to a nudge replaces the first answer',
      find: "first.nudge === undefined ? '' : `#${first.nudge}`",
      replace: "first.nudge === undefined ? '' : ''",
      consequence: 'A nudge is never answered, since the record of the first answer exists.',
      caughtBy: [
        'test/unit/shared/store/commit.test.ts',
        'is a new outbox record of the same event, with the nudge in its key',
      ],
    },
  ]),
];
