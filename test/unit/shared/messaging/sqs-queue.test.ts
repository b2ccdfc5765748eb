import { describe, expect, test } from 'vitest';
import { createSqsQueue, toSqsText } from '../../../../lambdas/shared/messaging/sqs-queue.ts';
import { AwsError, type AwsRequest, FakeAws } from '../../../support/fake-aws.ts';

const aws = new FakeAws().install();

describe('createSqsQueue', () => {
  const queue = () => createSqsQueue(aws.queueUrl('work'), aws.queueUrl('work-dlq'));

  const text = (StringValue: string) => ({ DataType: 'String', StringValue });
  const history = {
    failures: 2,
    receive_count: 3,
    waiting_since: '2026-01-01T12:00:00.000Z',
    first_received_at: '2026-01-01T12:00:01.000Z',
  };
  const message = { body: '{"a":1}', delaySeconds: 2, history };

  test('requeues a message with a delay and its history', async () => {
    await queue().requeue(message);
    expect(aws.requests).toEqual([
      {
        target: 'SendMessage',
        body: {
          QueueUrl: aws.queueUrl('work'),
          MessageBody: '{"a":1}',
          DelaySeconds: 2,
          MessageAttributes: {
            failures: text('2'),
            receive_count: text('3'),
            waiting_since: text('2026-01-01T12:00:00.000Z'),
            first_received_at: text('2026-01-01T12:00:01.000Z'),
          },
        },
      },
    ]);
  });

  test('sends a message once, since SQS may have taken it without a response', async () => {
    aws.respond = () => new AwsError('InternalError', {}, 500);
    await expect(queue().requeue(message)).rejects.toThrow();
    await expect(
      queue().deadLetter('{}', { reason: 'r', first_received_at: 'a', last_received_at: 'b', receive_count: 1 }),
    ).rejects.toThrow();
    expect(aws.requests).toHaveLength(2);
  });

  test('fails at its deadline if SQS does not respond', async () => {
    aws.hangs = () => true;
    const startedMs = Date.now();
    await expect(
      queue()
        .withDeadline(startedMs + 200)
        .requeue(message),
    ).rejects.toMatchObject({ name: 'AbortError' });
    expect(Date.now() - startedMs).toBeLessThan(2000);
  });

  test('dead-letters a message with reason, times and receive count, and cuts a long reason', async () => {
    await queue().deadLetter('{"a":1}', {
      reason: 'x'.repeat(5000),
      first_received_at: '2026-01-01T12:00:00.000Z',
      last_received_at: '2026-01-01T12:00:15.000Z',
      receive_count: 5,
    });
    const [{ body } = { body: {} as AwsRequest['body'] }] = aws.requests;
    expect(body).toMatchObject({ QueueUrl: aws.queueUrl('work-dlq'), MessageBody: '{"a":1}' });
    expect(body['MessageAttributes']).toEqual({
      reason: { DataType: 'String', StringValue: 'x'.repeat(4000) },
      first_received_at: { DataType: 'String', StringValue: '2026-01-01T12:00:00.000Z' },
      last_received_at: { DataType: 'String', StringValue: '2026-01-01T12:00:15.000Z' },
      receive_count: { DataType: 'String', StringValue: '5' },
    });
  });

  test('dead-letters a message whose reason has characters that SQS does not accept', async () => {
    const details = { first_received_at: 'a', last_received_at: 'b', receive_count: 1 };
    for (const reason of ['', 'PoisonMessage: not JSON: \u0000\ud800\uffff…', `${'x'.repeat(3999)}😀`])
      await queue().deadLetter('body', { ...details, reason });
    const reasons = aws.requests.map(
      ({ body }) => (body['MessageAttributes'] as { reason: { StringValue: string } }).reason.StringValue,
    );
    for (const reason of reasons) {
      expect(reason.length).toBeGreaterThan(0);
      expect(reason.isWellFormed()).toBe(true);
      expect(reason).toMatch(/^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u);
    }
  });

  test('changes the visibility of 10 messages per call and returns the ids that failed', async () => {
    aws.respond = ({ body }) => ({
      Successful: [],
      Failed: (body.Entries ?? [])
        .filter(({ ReceiptHandle }) => ReceiptHandle === 'h3' || ReceiptHandle === 'h11')
        .map(({ Id }) => ({ Id, Code: 'ReceiptHandleIsInvalid', SenderFault: true })),
    });
    const changes = Array.from({ length: 12 }, (_, index) => ({
      id: `m${index}`,
      handle: `h${index}`,
      seconds: index,
    }));
    expect(await queue().changeVisibility(changes)).toEqual(['m3', 'm11']);
    expect(aws.requests.map(({ target, body }) => [target, body.Entries?.length])).toEqual([
      ['ChangeMessageVisibilityBatch', 10],
      ['ChangeMessageVisibilityBatch', 2],
    ]);
    expect(aws.requests[1]?.body.Entries?.[1]).toMatchObject({ ReceiptHandle: 'h11', VisibilityTimeout: 11 });
  });
});

test.each([
  ['plain text', 'PoisonMessage: not JSON', 'PoisonMessage: not JSON'],
  ['any script and line breaks', 'é漢😀\t\r\n', 'é漢😀\t\r\n'],
  ['control characters, which SQS rejects', 'type \u0000\u001b[31m', 'type \uFFFD\uFFFD[31m'],
  ['an unpaired surrogate', 'x\ud800', 'x\uFFFD'],
  ['an empty text, which SQS rejects', '', '-'],
  ['a number', 5, '5'],
])('an attribute of a dead letter can hold %s', (_, value, text) => {
  expect(toSqsText(value)).toBe(text);
});

test('a reason is cut at 4000 characters, and a surrogate pair is not left half', () => {
  expect(toSqsText(`${'x'.repeat(3999)}😀`)).toBe(`${'x'.repeat(3999)}\uFFFD`);
});
