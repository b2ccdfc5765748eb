import type { APIGatewayProxyEvent, SQSRecord } from 'aws-lambda';
import * as z from 'zod/mini';
import { defineEvent, type Envelope } from '../../events/envelope.ts';
import type { FailureDetails, QueuePort, VisibilityChange } from '../../lambdas/shared/messaging/queue.ts';
import { type Chaos, noFaults } from '../../lambdas/shared/runtime/chaos-setting.ts';
import type { Clock } from '../../lambdas/shared/runtime/clock.ts';

export const noon = Date.parse('2026-01-01T12:00:00Z');

/** Time that passes while somebody sleeps, and only then; remembers each wait. */
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

/** An event as any context might declare one. */
export const Greeted = defineEvent(
  'greetings',
  'Greeted',
  1,
  z.object({ name: z.string().check(z.minLength(1)), times: z.int() }),
  ({ name }) => name,
);

export const greeted = (name: string, more: { nudge?: string; times?: number } = {}) =>
  Greeted.make(
    { name, times: more.times ?? 1 },
    { time: new Date(noon).toISOString(), correlation_id: 'thread', causation_id: 'cause', nudge: more.nudge },
  );

/** An event of about so many bytes. */
export const eventOfSize = (name: string, bytes: number): Envelope => ({
  ...greeted(name),
  data: { ballast: 'x'.repeat(bytes) },
});

export const sqsRecord = (id: string, body: unknown, receives = 1, sentAt = noon): SQSRecord => ({
  messageId: id,
  receiptHandle: `handle-${id}`,
  body: typeof body === 'string' ? body : JSON.stringify(body),
  attributes: {
    ApproximateReceiveCount: String(receives),
    SentTimestamp: String(sentAt),
    SenderId: 'test',
    ApproximateFirstReceiveTimestamp: String(sentAt + 1000),
  },
  messageAttributes: {},
  md5OfBody: '',
  eventSource: 'aws:sqs',
  eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:test',
  awsRegion: 'us-east-1',
});

/** A queue that remembers what was done with its messages, and fails where told to. */
export class RecordingQueue implements QueuePort {
  readonly requeued: string[] = [];
  readonly deadLettered: { body: string; epitaph: FailureDetails }[] = [];
  readonly visibilityChanges: VisibilityChange[][] = [];
  fails: { putBack?: boolean; bury?: boolean; delay?: boolean } = {};

  async requeue(body: string): Promise<void> {
    if (this.fails.putBack) throw new Error('the queue is away');
    this.requeued.push(body);
  }

  async deadLetter(body: string, epitaph: FailureDetails): Promise<void> {
    if (this.fails.bury) throw new Error('the DLQ is away');
    this.deadLettered.push({ body, epitaph });
  }

  async changeVisibility(delays: readonly VisibilityChange[]): Promise<string[]> {
    this.visibilityChanges.push([...delays]);
    if (this.fails.delay) throw new Error('the queue is away');
    return [];
  }
}

export const gatewayEvent = (door: string, more: Partial<APIGatewayProxyEvent> = {}): APIGatewayProxyEvent => {
  const [httpMethod = '', resource = ''] = door.split(' ');
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
    ...more,
  };
};
