import { bugsIn, type PlantedBug } from '../planted-bug.ts';

/** Bugs in the infrastructure: none of them shows on an emulator. */
export const plantedInInfrastructure: readonly PlantedBug[] = [
  ...bugsIn('lib/constructs/work-queue.ts', [
    {
      name: 'queue without a DLQ',
      find: '      deadLetterQueue: { queue: this.dlq, maxReceiveCount: ',
      replace: '      ...{ maxReceiveCount: ',
      consequence: 'A message that crashes its function is received until SQS deletes it.',
      caughtBy: ['test/infra/platform.test.ts', 'has a DLQ for each queue, encryption, and access by TLS only'],
    },
    {
      name: 'visibility little longer than the timeout',
      find: '* this.timeout.toSeconds())',
      replace: '+ this.timeout.toSeconds())',
      consequence: 'A slow batch is delivered to a second function.',
      caughtBy: [
        'test/infra/platform.test.ts',
        'gives each queue a visibility timeout of six times the timeout of its function',
      ],
    },
    {
      name: 'alarm for dead letters on the queue itself',
      find: 'metric: this.dlq.metricApproximateNumberOfMessagesVisible',
      replace: 'metric: this.queue.metricApproximateNumberOfMessagesVisible',
      consequence: 'The alarm starts with each message, and not with dead letters.',
      caughtBy: [
        'test/infra/event-consumer.test.ts',
        'starts its alarm for dead letters at the first message in its DLQ',
      ],
    },
  ]),
  ...bugsIn('lib/constructs/dead-letter-queue.ts', [
    {
      name: 'queue open to plain HTTP',
      find: 'enforceSSL: true,',
      replace: 'enforceSSL: false,',
      consequence: 'Messages can be read on their way.',
      caughtBy: ['test/infra/platform.test.ts', 'has a DLQ for each queue, encryption, and access by TLS only'],
    },
  ]),
  ...bugsIn('lib/constructs/queue-consumer.ts', [
    {
      name: 'batch fails as a whole',
      find: 'reportBatchItemFailures: true,',
      replace: '',
      consequence: 'One message that cannot be settled brings back its whole batch.',
      caughtBy: [
        'test/infra/event-consumer.test.ts',
        'reports failures for each message, limits concurrency by the mapping, and filters no messages',
      ],
    },
    {
      name: 'concurrency without a limit',
      find: 'maxConcurrency: config.consumerConcurrency',
      replace: 'maxConcurrency: undefined',
      consequence: 'One queue takes all concurrency of the account.',
      caughtBy: [
        'test/infra/event-consumer.test.ts',
        'reports failures for each message, limits concurrency by the mapping, and filters no messages',
      ],
    },
  ]),
  ...bugsIn('lib/constructs/outbox-table.ts', [
    {
      name: 'relay starts at the newest record',
      find: 'StartingPosition.TRIM_HORIZON',
      replace: 'StartingPosition.LATEST',
      consequence: 'Events that are written before the mapping works are lost.',
      caughtBy: ['test/infra/outbox-table.test.ts', 'sends only new outbox records to the relay, and skips none'],
    },
    {
      name: 'relay gives up',
      find: 'retryAttempts: -1,',
      replace: 'retryAttempts: 3,',
      consequence: 'Events whose parking failed three times are lost.',
      caughtBy: ['test/infra/outbox-table.test.ts', 'sends only new outbox records to the relay, and skips none'],
    },
    {
      name: 'relay receives all rows',
      find: 'filters: [',
      replace: 'filters: true ? [] : [',
      consequence: 'The relay takes every new row for an outbox record.',
      caughtBy: ['test/infra/outbox-table.test.ts', 'sends only new outbox records to the relay, and skips none'],
    },
    {
      name: 'table without backups',
      find: 'pointInTimeRecoveryEnabled: config.retainData',
      replace: 'pointInTimeRecoveryEnabled: false',
      consequence: 'Data that was destroyed by mistake is lost.',
      caughtBy: ['test/infra/outbox-table.test.ts', 'is retained with backups on AWS'],
    },
    {
      name: 'table deleted with its stack',
      find: 'config.retainData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY',
      replace: 'RemovalPolicy.DESTROY',
      consequence: 'Removing a stack deletes the ledger.',
      caughtBy: ['test/infra/outbox-table.test.ts', 'is retained with backups on AWS'],
    },
    {
      name: 'ledger that can be deleted',
      find: "actions: ['dynamodb:DeleteItem', 'dynamodb:BatchWriteItem', 'dynamodb:PartiQLDelete', 'dynamodb:DeleteTable'],",
      replace: "actions: ['dynamodb:DeleteTable'],",
      consequence: 'A bug or an attacker deletes entries of the ledger.',
      caughtBy: ['test/infra/outbox-table.test.ts', 'denies deletion to a role that may call'],
    },
  ]),
  ...bugsIn('lib/constructs/event-consumer.ts', [
    {
      name: 'rule without a DLQ',
      find: '      deadLetterQueue: dlq,\n',
      replace: '',
      consequence: 'An event that EventBridge cannot deliver is lost.',
      caughtBy: ['test/infra/platform.test.ts', 'has a retry policy and a DLQ on each rule target'],
    },
    {
      name: 'envelope inside of an envelope',
      find: "      message: RuleTargetInput.fromEventPath('$.detail'),\n",
      replace: '',
      consequence: 'Each message is poison.',
      caughtBy: [
        'test/infra/event-consumer.test.ts',
        'receives its events by one rule, without the fields of EventBridge',
      ],
    },
    {
      name: 'rule for every source',
      find: 'eventPattern: { source: [source], detailType',
      replace: 'eventPattern: { detailType',
      consequence: 'A consumer trusts events from any publisher on the bus.',
      caughtBy: [
        'test/infra/event-consumer.test.ts',
        'receives its events by one rule, without the fields of EventBridge',
      ],
    },
  ]),
  ...bugsIn('lib/constructs/monitoring.ts', [
    {
      name: 'alarm that never sounds',
      find: 'threshold: above,',
      replace: 'threshold: above + 1_000_000,',
      consequence: 'Nobody is notified.',
      caughtBy: [
        'test/infra/event-consumer.test.ts',
        'starts its alarm for dead letters at the first message in its DLQ',
      ],
    },
    {
      name: 'alarm without an action',
      find: 'else if (config.onAws) notify(created, config);',
      replace: '',
      consequence: 'Nobody is notified.',
      caughtBy: [
        'test/infra/alarm-notifications.test.ts',
        'each alarm of dev notifies for itself, when it starts and when it ends',
      ],
    },
  ]),
  ...bugsIn('lib/constructs/scheduled-job.ts', [
    {
      name: 'schedule without a DLQ',
      find: 'deadLetterQueue: dlq }',
      replace: '}',
      consequence: 'A run that EventBridge could not start is lost.',
      caughtBy: [
        'test/infra/scheduled-job.test.ts',
        'has a rule with retries, and a DLQ for invocations that could not be made',
      ],
    },
  ]),
  ...bugsIn('lib/constructs/aws-alarms.ts', [
    {
      name: 'composite alarm without references to its alarms',
      find: 'AlarmRule.fromAlarm(child, AlarmState.ALARM)',
      replace: 'AlarmRule.fromString(`ALARM("${child.node.id}")`)',
      consequence: 'CloudFormation creates the composite alarm before its alarms, which CloudWatch refuses.',
      caughtBy: [
        'test/infra/stack-independence.test.ts',
        'a composite alarm refers to each of its alarms, which are in its own stack',
      ],
    },
    {
      name: 'errors counted without their invocations',
      find: '100 * all_errors / all_invocations, 0)',
      replace: '100 * all_errors, 0)',
      consequence: 'One harmless error in a hundred thousand starts the alarm.',
      caughtBy: [
        'test/infra/alarm-notifications.test.ts',
        'starts at more than one error in a hundred invocations of the context, however many there are',
      ],
    },
  ]),
  ...bugsIn('lib/constructs/gateway-responses.ts', [
    {
      name: 'promise that nothing was changed after the handler ran',
      find: '[ResponseType.API_CONFIGURATION_ERROR, 500, internalError]',
      replace: '[ResponseType.API_CONFIGURATION_ERROR, 500, notProcessed]',
      consequence: 'A caller sends a request without a key again, and pays twice.',
      caughtBy: [
        'test/infra/public-api.test.ts',
        'promises that nothing was changed only for errors before the handler runs',
      ],
    },
  ]),
  ...bugsIn('lib/concurrency.ts', [
    {
      name: 'queues without a limit in a shared account',
      find: 'if (ownAccount) return;',
      replace: 'return;',
      consequence: 'The queues of dev throttle prod.',
      caughtBy: ['test/infra/config.test.ts', 'may be without a limit only in an account that no other stage uses'],
    },
  ]),
  ...bugsIn('lib/config.ts', [
    {
      name: 'API open on AWS',
      find: "api: { open: false, baseUrl: ''",
      replace: "api: { open: true, baseUrl: ''",
      consequence: 'Anybody can move money.',
      caughtBy: ['test/infra/config.test.ts', 'leaves the API open on local stages only'],
    },
    {
      name: 'production without retained data',
      find: 'retainData: true,',
      replace: 'retainData: false,',
      consequence: 'Removing a stack deletes the ledger.',
      caughtBy: ['test/infra/outbox-table.test.ts', 'is retained with backups on AWS'],
    },
  ]),
  ...bugsIn('lib/contexts/orders.ts', [
    {
      name: 'consumer without one of its events',
      find: 'on: [PaymentAuthorized, PaymentDeclined, PaymentRefunded],',
      replace: 'on: [PaymentAuthorized, PaymentDeclined],',
      consequence: 'Refunds never end.',
      caughtBy: ['test/infra/subscriptions.test.ts', 'delivers exactly the events that'],
    },
    {
      name: 'alarm on a metric that nobody emits',
      find: "createMetric(this, 'OrdersStuckForLong')",
      replace: "createMetric(this, 'OrdersStuck' as never)",
      consequence: 'The alarm never has data, so it never sounds.',
      caughtBy: [
        'test/infra/alarms.test.ts',
        'an alarm watches only metrics that the functions emit with exactly its dimensions',
      ],
    },
  ]),
  ...bugsIn('lib/contexts/relay.ts', [
    {
      name: 'relay without one of the tables',
      find: 'for (const table of tables) table.publishTo(publisher',
      replace: 'for (const table of tables.slice(1)) table.publishTo(publisher',
      consequence: 'The events of one context are never published.',
      caughtBy: ['test/infra/platform.test.ts', 'sends the outbox records of each table to the relay'],
    },
  ]),
];
