import type { APIGatewayProxyEvent, SQSRecord } from 'aws-lambda';
import * as z from 'zod/mini';
import { defineEvent, type Envelope } from '../../events/envelope.ts';
import type {
  FailureDetails,
  MessageHistory,
  QueuePort,
  RequeuedMessage,
  VisibilityChange,
} from '../../lambdas/shared/messaging/queue.ts';
import { type Chaos, noFaults } from '../../lambdas/shared/runtime/chaos-setting.ts';
import type { Clock } from '../../lambdas/shared/runtime/clock.ts';

export const noon = Date.parse('2026-01-01T12:00:00Z');

/** Creates a clock that advances only by sleeping. It records each wait. */
export function createSteppingClock(random = 0.5): Clock & { readonly waits: number[]; pass(ms: number): void } {
  let now = noon;
  const waits: number[] = [];
  return {
    waits,
    now: () => now,
    random: () => random,
    sleep: async (ms) => {
      waits.push(ms);
      now += ms;
    },
    pass: (ms) => {
      now += ms;
    },
  };
}

export const noChaos = async (): Promise<Chaos> => noFaults;
export const withChaosRates =
  (faults: Partial<Chaos>): (() => Promise<Chaos>) =>
  async () => ({ ...noFaults, ...faults });

/** An event definition for tests of `lambdas/shared`. */
export const Greeted = defineEvent({
  source: 'greetings',
  type: 'Greeted',
  version: 1,
  schema: z.object({ name: z.string().check(z.minLength(1)), times: z.int() }),
  identityOf: ({ name }) => name,
});

export const greeted = (name: string, options: { nudge?: string; times?: number } = {}) =>
  Greeted.make(
    { name, times: options.times ?? 1 },
    { time: new Date(noon).toISOString(), correlation_id: 'correlation', causation_id: 'cause', nudge: options.nudge },
  );

/** Creates an event with a payload of the given size. */
export const eventOfSize = (name: string, bytes: number): Envelope => ({
  ...greeted(name),
  data: { filler: 'x'.repeat(bytes) },
});

interface RecordOptions {
  readonly receives?: number;
  readonly sentAt?: number;
  /** What a requeued message carries in its attributes. */
  readonly history?: Partial<MessageHistory>;
}

export const sqsRecord = (
  id: string,
  body: unknown,
  { receives = 1, sentAt = noon, history = {} }: RecordOptions = {},
): SQSRecord => ({
  messageId: id,
  receiptHandle: `handle-${id}`,
  body: typeof body === 'string' ? body : JSON.stringify(body),
  attributes: {
    ApproximateReceiveCount: String(receives),
    SentTimestamp: String(sentAt),
    SenderId: 'test',
    ApproximateFirstReceiveTimestamp: String(sentAt + 1000),
  },
  messageAttributes: Object.fromEntries(
    Object.entries(history).map(([name, value]) => [name, { dataType: 'String', stringValue: String(value) }]),
  ),
  md5OfBody: '',
  eventSource: 'aws:sqs',
  eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:test',
  awsRegion: 'us-east-1',
});

/** A queue that records the calls of its port. The operations in `failing` throw. */
export class RecordingQueue implements QueuePort {
  readonly requeued: RequeuedMessage[] = [];
  readonly deadLettered: { body: string; details: FailureDetails }[] = [];
  readonly visibilityChanges: VisibilityChange[][] = [];
  failing: { requeue?: boolean; deadLetter?: boolean; changeVisibility?: boolean } = {};

  async requeue(message: RequeuedMessage): Promise<void> {
    if (this.failing.requeue) throw new Error('the queue is unavailable');
    this.requeued.push(message);
  }

  withDeadline(): this {
    return this;
  }

  async deadLetter(body: string, details: FailureDetails): Promise<void> {
    if (this.failing.deadLetter) throw new Error('the DLQ is unavailable');
    this.deadLettered.push({ body, details });
  }

  async changeVisibility(changes: readonly VisibilityChange[]): Promise<string[]> {
    this.visibilityChanges.push([...changes]);
    if (this.failing.changeVisibility) throw new Error('the queue is unavailable');
    return [];
  }
}

export const gatewayEvent = (routeKey: string, overrides: Partial<APIGatewayProxyEvent> = {}): APIGatewayProxyEvent => {
  const [httpMethod = '', resource = ''] = routeKey.split(' ');
  return {
    httpMethod,
    resource,
    path: resource,
    pathParameters: null,
    queryStringParameters: null,
    multiValueQueryStringParameters: null,
    headers: {},
    multiValueHeaders: {},
    stageVariables: null,
    body: null,
    isBase64Encoded: false,
    requestContext: {} as APIGatewayProxyEvent['requestContext'],
    ...overrides,
  };
};
