import { bugsIn, type PlantedBug } from '../planted-bug.ts';

const DELIVERIES = 'test/unit/webhooks/deliveries.test.ts';
const ADDRESSES = 'test/unit/webhooks/address.test.ts';
const POST = 'test/unit/webhooks/post.test.ts';
const EVENTS = 'test/unit/webhooks/order-event.test.ts';
const CONDITIONS = 'test/unit/webhooks/written-conditions.test.ts';
const RULES = 'test/unit/webhooks/event-rules.test.ts';
const API = 'test/unit/webhooks/webhooks-api.test.ts';
const SIMULATION = 'test/simulation/webhooks.test.ts';
const SPARSE_METRICS = 'test/infra/sparse-metrics.test.ts';
const SECRETS = 'test/unit/shared/runtime/secrets.test.ts';

/** Bugs in webhooks and their key: forged or lost deliveries, and requests into a private network. */
export const plantedInWebhooks: readonly PlantedBug[] = [
  ...bugsIn('lambdas/webhooks/address.ts', [
    {
      name: 'only the first address is checked',
      find: 'const refused = addresses.filter(',
      replace: 'const refused = addresses.slice(0, 1).filter(',
      consequence: 'A name with a public and a private address reaches the private one.',
      caughtBy: [ADDRESSES, 'refuses a name if any of its addresses is not public'],
    },
    {
      name: 'metadata address is public',
      find: "  ['169.254.0.0', 16],\n",
      replace: '',
      consequence: 'A webhook posts to the metadata service of its host.',
      caughtBy: [ADDRESSES, 'refuses as not public'],
    },
    {
      name: '6to4 is public',
      find: "  ['2002::', 16],\n",
      replace: '',
      consequence: 'A webhook reaches a private address through a 6to4 relay.',
      caughtBy: [ADDRESSES, 'refuses as not public'],
    },
    {
      name: 'every IPv6 address is public',
      find: "[['2000::', 3]]",
      replace: "[['::', 0]]",
      consequence: 'Loopback, NAT64 and IPv4-mapped addresses are called.',
      caughtBy: [ADDRESSES, 'refuses as not public'],
    },
    {
      name: 'credentials in a URL',
      find: 'if (url.username || url.password) return',
      replace: 'if (url.username && url.password) return',
      consequence: 'The URL shows another host than the one that is called.',
      caughtBy: [ADDRESSES, 'rejects the URL'],
    },
    {
      name: 'plain HTTP',
      find: "if (url.protocol !== 'https:') return 'must begin with https://';",
      replace: '',
      consequence: 'Order events can be read on their way.',
      caughtBy: [ADDRESSES, 'rejects the URL'],
    },
  ]),
  ...bugsIn('lambdas/webhooks/event-rules.ts', [
    {
      name: 'webhooks are not read again after the rules were disabled',
      find: '  if (await hasWebhooks()) await rules.enable();\n  else logger',
      replace: '  logger',
      consequence: 'A webhook that is created at the same moment never gets an event.',
      caughtBy: [RULES, 'leaves them enabled in the order'],
    },
    {
      name: 'conflict of rules is final',
      find: ' || attempt === MAX_ATTEMPTS',
      replace: ' || attempt > 0',
      consequence: 'POST /webhooks fails if another request enables the rules.',
      caughtBy: [RULES, 'are changed again after a conflict'],
    },
  ]),
  ...bugsIn('lambdas/webhooks/create-webhook.ts', [
    {
      name: 'rules stay disabled',
      find: '    await rules.enable();\n',
      replace: '',
      consequence: 'The first webhook of a stage gets no event.',
      caughtBy: ['test/unit/webhooks/webhooks-api.test.ts', 'enables the rules of order events after'],
    },
  ]),
  ...bugsIn('lambdas/webhooks/post.ts', [
    {
      name: 'request resolves the name again',
      find: '    host: address,\n',
      replace: '    host,\n',
      consequence: 'The second answer of DNS is a private address that nobody has checked.',
      caughtBy: [POST, 'a name is resolved once for each request'],
    },
    {
      name: 'certificate is not checked',
      find: 'rejectUnauthorized: true,',
      replace: 'rejectUnauthorized: false,',
      consequence: 'Anybody on the way reads the events as if it were the receiver.',
      caughtBy: [POST, 'a certificate that nobody has signed is refused'],
    },
    {
      name: 'certificate of the address instead of the name',
      find: "servername: isIP(host) === 0 ? host : '',",
      replace: "servername: '',",
      consequence: 'No receiver with a name can be called, or the certificate of any name is accepted.',
      caughtBy: [POST, 'the checked address is called with the name of the URL'],
    },
    {
      name: 'request without a time limit',
      find: '    agent: false,\n    signal,\n',
      replace: '    agent: false,\n',
      consequence: 'A receiver that hangs uses up the time of the function.',
      caughtBy: [POST, 'until its time is over, if it does not respond'],
    },
    {
      name: 'connection that ends without a response',
      find: "request.on('close', () => end(",
      replace: "request.on('never', () => end(",
      consequence: 'A receiver that answers 101 holds up its whole batch, so all other receivers get it again.',
      caughtBy: [POST, 'ends the request, which has failed'],
    },
    {
      name: 'HTTP to a public address on a laptop',
      find: "if (url.protocol === 'http:' && !isLoopback(address))",
      replace: "if (url.protocol === 'ftp:' && !isLoopback(address))",
      consequence: 'A local stage sends order events unencrypted to the internet.',
      caughtBy: [POST, 'HTTP reaches loopback only'],
    },
  ]),
  ...bugsIn('lambdas/payments/payment-store.ts', [
    {
      name: 'repeated PaymentAuthorized has the time of its repetition',
      find: 'causeOf(event, Date.parse(decision.at))',
      replace: 'causeOf(event, Date.now())',
      consequence: 'A receiver is told that the event has occurred minutes later than it has.',
      caughtBy: [SIMULATION, 'was lost and is published again'],
    },
  ]),
  ...bugsIn('lambdas/tickets/issue-tickets.ts', [
    {
      name: 'repeated TicketIssued has the time of its repetition',
      find: 'causeOf(event, Date.parse(ticket.at))',
      replace: 'causeOf(event, Date.now())',
      consequence: 'A receiver is told that the event has occurred minutes later than it has.',
      caughtBy: [SIMULATION, 'was lost and is published again'],
    },
  ]),
  ...bugsIn('lambdas/webhooks/signature.ts', [
    {
      name: 'signature without the time',
      find: '`${timestampS}.${body}`',
      replace: 'body',
      consequence: 'A recorded delivery can be sent again at any time.',
      caughtBy: ['test/unit/webhooks/signature.test.ts', 'is accepted by a receiver with the current or the previous'],
    },
    {
      name: 'one secret for all webhooks',
      find: '`webhook:${webhookId}`',
      replace: "'webhook'",
      consequence: 'Each receiver can forge deliveries to all others.',
      caughtBy: ['test/unit/webhooks/signature.test.ts', 'is another one for each webhook and each key'],
    },
  ]),
  ...bugsIn('lambdas/webhooks/order-event.ts', [
    {
      name: 'whole internal event leaves',
      find: 'data: { order_id: event.data.order_id, ...data },',
      replace: 'data: { ...event.data, ...data },',
      consequence: 'Receivers see users, descriptions and balances.',
      caughtBy: [EVENTS, 'names no user, no text of a customer and no balance'],
    },
    {
      name: 'new id for each attempt',
      find: 'id: `${type}:${event.data.order_id}`,',
      replace: 'id: `${type}:${event.data.order_id}:${event.time}`,',
      consequence: 'A receiver cannot recognize a repeated event.',
      caughtBy: [EVENTS, 'has the same id if its internal event is repeated as a nudge'],
    },
  ]),
  ...bugsIn('lambdas/webhooks/deliver.ts', [
    {
      name: 'redirect counts as delivered',
      find: 'result.status < 300',
      replace: 'result.status < 400',
      consequence: 'An event that no receiver has seen is acknowledged.',
      caughtBy: [DELIVERIES, 'fails if the receiver answers'],
    },
    {
      name: 'signed by the current key only',
      find: '(await readKeys()).flatMap(',
      replace: '(await readKeys()).slice(0, 1).flatMap(',
      consequence: 'Every receiver refuses all deliveries from the moment of a rotation.',
      caughtBy: [DELIVERIES, 'is signed by the current and by the previous key'],
    },
    {
      name: 'failing webhook is called without pause',
      find: "if (admission.allows === 'none') return defer(messages, webhook, admission.untilMs, clock);",
      replace: '',
      consequence: 'One receiver that hangs uses all concurrency of the consumer.',
      caughtBy: [DELIVERIES, 'its messages wait without being sent'],
    },
    {
      name: 'delivered event is repeated',
      find: 'if (!(error instanceof Busy)) throw error;',
      replace: 'if (error) throw error;',
      consequence: 'While the table is throttled, each event is sent again and again.',
      caughtBy: [DELIVERIES, 'is not repeated if its result cannot be recorded'],
    },
    {
      name: 'all messages are trials',
      find: 'deliverAll(webhook, messages.slice(0, 1), ports)',
      replace: 'deliverAll(webhook, messages, ports)',
      consequence: 'A receiver that hangs gets a whole batch after each pause.',
      caughtBy: [DELIVERIES, 'one message is tried after the pause, and the others wait if it fails'],
    },
  ]),
  ...bugsIn('lambdas/webhooks/on-webhook-deliveries.ts', [
    {
      name: 'delivery is never given up',
      find: ' || ageMs >= GIVE_UP_AFTER_MS) {',
      replace: ' || ageMs < 0) {',
      consequence: 'A delivery that nobody accepts is retried without end, and no alarm sees it.',
      caughtBy: [DELIVERIES, 'is dead-lettered three days after its first receive, with the reason'],
    },
    {
      name: 'waiting counts as a failure',
      find: "history.failures + (outcome.outcome === 'failed' ? 1 : 0)",
      replace: 'history.failures + 1',
      consequence: 'Messages that were never sent wait longer and longer.',
      caughtBy: [DELIVERIES, 'its messages wait without being sent'],
    },
    {
      name: 'unsettled delivery is acknowledged',
      find: '          failedIds.push(record.messageId);\n',
      replace: '',
      consequence: 'A delivery that could not be sent again is lost.',
      caughtBy: [DELIVERIES, 'is delivered again by SQS if it cannot be requeued'],
    },
  ]),
  ...bugsIn('lambdas/webhooks/fan-out.ts', [
    {
      name: 'every webhook gets every event',
      find: 'events.includes(orderEvent.type)',
      replace: 'events.length > 0',
      consequence: 'Receivers get events for which they have not registered.',
      caughtBy: [EVENTS, 'sends one message for each webhook that gets the event'],
    },
  ]),
  ...bugsIn('lambdas/webhooks/webhook-store.ts', [
    {
      name: 'used Idempotency-Key is not recorded',
      find: 'writes: hasKey ? [put, record] : [put]',
      replace: 'writes: hasKey ? [put] : [put]',
      consequence: 'A late repetition of a request creates a deleted webhook again.',
      caughtBy: [API, 'does not create a webhook again that was deleted'],
    },
    {
      name: 'limit of webhooks is read after the row',
      find: 'if (isFull) throw',
      replace: 'if (isFull || (await read.query({ partition: WEBHOOKS })).length === MAX_WEBHOOKS) throw',
      consequence: 'Of two attempts of one request, one gets a webhook and the other one is refused.',
      caughtBy: [API, 'returns the last webhook to two attempts of its request'],
    },
    {
      name: 'webhook without absent',
      find: '...created, body_hash }, when: absent }',
      replace: '...created, body_hash } }',
      consequence: 'A repeated request resets the health of a webhook.',
      caughtBy: [CONDITIONS, 'a webhook is created only if it is absent'],
    },
    {
      name: 'trial without the version of the webhook',
      find: 'version: version + 1 }, when: versionIs(version) }',
      replace: 'version: version + 1 }, when: undefined as never }',
      consequence: 'All consumers make a trial at the same time.',
      caughtBy: [CONDITIONS, 'a webhook is created only if it is absent'],
    },
  ]),
  ...bugsIn('lambdas/webhooks/webhook.ts', [
    {
      name: 'webhook fails forever',
      find: 'if (nowMs - Date.parse(failing_since) >= GIVE_UP_AFTER_MS)',
      replace: 'if (nowMs - Date.parse(failing_since) < 0)',
      consequence: 'A receiver that no longer exists is called for years.',
      caughtBy: [
        'test/unit/webhooks/webhook.test.ts',
        'is disabled after three days of failures, and gets nothing then',
      ],
    },
    {
      name: 'failures of a healthy webhook are added up',
      find: 'const before = isContinued ? health : healthy;',
      replace: 'const before = isContinued || !isContinued ? health : healthy;',
      consequence: 'A webhook is disabled after two failures, if the success in between was not recorded.',
      caughtBy: [DELIVERIES, 'does not disable its webhook by two failures'],
    },
    {
      name: 'delay beyond the limit of SQS',
      find: 'Math.max(1, Math.min(MAX_PAUSE_MS / 1000, ',
      replace: 'Math.max(1, Math.min(MAX_PAUSE_MS, ',
      consequence: 'SQS refuses to requeue the message, and it is received every two minutes.',
      caughtBy: ['test/unit/webhooks/webhook.test.ts', 'waits for the end of a pause and up to a minute longer'],
    },
  ]),
  ...bugsIn('lambdas/shared/runtime/rotate-secret.ts', [
    {
      name: 'rotation at each run',
      find: 'if (ageMs < afterMs) return previous !== undefined && ageMs < NEW_FOR_MS;',
      replace: '',
      consequence: 'Within an hour, no receiver has a valid secret.',
      caughtBy: [SECRETS, 'that is repeated does not push the previous version out'],
    },
    {
      name: 'random id of the next version',
      find: 'ClientRequestToken: successorId(current.id),',
      replace: 'ClientRequestToken: successorId(String(Math.random())),',
      consequence: 'A job that runs twice at the same time pushes out the version that receivers know.',
      caughtBy: [SECRETS, 'that runs twice at the same time writes one version'],
    },
  ]),
  ...bugsIn('lambdas/shared/runtime/rotate-secret.ts', [
    {
      name: 'rotation stops without a sign',
      find: 'if (isCurrentStill && ageMs >= afterMs + MAX_DELAY_MS)',
      replace: 'if (isCurrentStill && ageMs < 0)',
      consequence: 'After somebody has moved the label of the current key back, it is never replaced again.',
      caughtBy: [SECRETS, 'fails a day after it was due if AWSCURRENT was moved back'],
    },
    {
      name: 'rotation is reported by one run only',
      find: 'return previous !== undefined && ageMs < NEW_FOR_MS;',
      replace: 'return false;',
      consequence: 'If the function crashes after a rotation, nobody learns that receivers need new secrets.',
      caughtBy: [SECRETS, 'is reported for an hour, also if it was done by hand'],
    },
  ]),
  ...bugsIn('lambdas/shared/runtime/rotating-secret.ts', [
    {
      name: 'missing previous version is an error',
      find: 'if (error instanceof ResourceNotFoundException) return undefined;',
      replace: '',
      consequence: 'Nothing is delivered until the first rotation.',
      caughtBy: [SECRETS, 'has one valid version before its first rotation'],
    },
    {
      name: 'previous version is read first',
      find: `    const current = await this.#read(name, 'AWSCURRENT');
    const previous = await this.#read(name, 'AWSPREVIOUS').catch((error: unknown) => {
      if (error instanceof ResourceNotFoundException) return undefined;
      throw error;
    });
`,
      replace: `    const previous = await this.#read(name, 'AWSPREVIOUS').catch((error: unknown) => {
      if (error instanceof ResourceNotFoundException) return undefined;
      throw error;
    });
    const current = await this.#read(name, 'AWSCURRENT');
`,
      consequence: 'A rotation between the two reads leaves out the version that receivers use.',
      caughtBy: [SECRETS, 'has no gap if it is rotated between the two reads'],
    },
  ]),
  ...bugsIn('lambdas/webhooks/deliver.ts', [
    {
      name: 'slow responses are not limited',
      find: '  if (slowTime.isUsedUp(id)) return deferSlow(id, messages, clock);\n',
      replace: '',
      consequence: 'A receiver that hangs for a part of its requests delays all others by a minute.',
      caughtBy: [SIMULATION, 'delays the others by its timeout at most'],
    },
  ]),
  ...bugsIn('lambdas/webhooks/slow-time.ts', [
    {
      name: 'environments wait for a slow receiver together',
      find: ' * (0.5 + this.#clock.random())',
      replace: '',
      consequence: 'All environments that a slow receiver has blocked at once are blocked at once again and again.',
      caughtBy: [SIMULATION, 'delays the others by its timeout at most'],
    },
  ]),
  ...bugsIn('lib/contexts/webhooks.ts', [
    {
      name: 'alarm on failing webhooks needs data in each period',
      find: "        datapoints: 1,\n        errorImpact: 'A receiver gets",
      replace: "        errorImpact: 'A receiver gets",
      consequence: 'The alarm never starts for one receiver, which is tried only once in 16 minutes.',
      caughtBy: [SPARSE_METRICS, 'webhooks-failing, for one receiver that is down for twelve hours'],
    },
  ]),
  ...bugsIn('lib/constructs/work-queue.ts', [
    {
      name: 'age of messages only from their consumer',
      find: 'above: (retried ? MAX_WAIT_IF_RETRIED : MAX_WAIT).toSeconds(),',
      replace: 'above: MAX_WAIT.toSeconds(), ...retried,',
      consequence: 'No alarm starts while the consumer of webhooks is stopped.',
      caughtBy: [SPARSE_METRICS, 'start the alarm of'],
    },
  ]),
  ...bugsIn('lib/config.ts', [
    {
      name: 'loopback allowed on AWS',
      find: 'webhooks: { allowsLoopback: false,',
      replace: 'webhooks: { allowsLoopback: true,',
      consequence: 'A webhook reaches what listens on the host of the function.',
      caughtBy: ['test/infra/webhooks.test.ts', 'may never call loopback or use HTTP on AWS'],
    },
  ]),
  ...bugsIn('lib/placeholders.ts', [
    {
      name: 'templates with placeholders are deployed',
      find: '    ...app.synth().stacks.flatMap(({ stackName, template }) => findPlaceholders(template, stackName)),\n',
      replace: '',
      consequence: 'A function runs with REPLACE_ME as the address of its issuer.',
      caughtBy: ['test/infra/placeholders.test.ts', 'in the environment of a function'],
    },
  ]),
];
