import { describe, expect, test } from 'vitest';
import { createSqsSender } from '../../../../lambdas/shared/messaging/sqs-sender.ts';
import { type AwsRequest, FakeAws, md5 } from '../../../support/fake-aws.ts';

const aws = new FakeAws().install();

describe('createSqsSender', () => {
  type Entry = { Id: string; MessageBody: string; DelaySeconds: number };
  const entriesIn = ({ body }: AwsRequest) => (body.Entries ?? []) as unknown as Entry[];
  const confirm = (entries: readonly Entry[]) => ({
    Successful: entries.map(({ Id, MessageBody }) => ({
      Id,
      MessageId: `m${Id}`,
      MD5OfMessageBody: md5(MessageBody),
    })),
    Failed: [],
  });
  const createMessages = (count: number) =>
    Array.from({ length: count }, (_, index) => ({ body: `b${index}`, delaySeconds: index }));

  test('sends batches of 10, each message with its own delay', async () => {
    aws.respond = (request) => confirm(entriesIn(request));
    await createSqsSender(aws.queueUrl('ticks'))()(createMessages(23));
    expect(aws.requests.map((request) => entriesIn(request).length).sort()).toEqual([10, 10, 3]);
    const sent = aws.requests.flatMap(entriesIn);
    expect(sent.map(({ MessageBody, DelaySeconds }) => `b${DelaySeconds}` === MessageBody)).not.toContain(false);
    expect(sent).toHaveLength(23);
  });

  test('sends only unconfirmed messages again', async () => {
    let calls = 0;
    aws.respond = (request) => (calls++ === 0 ? confirm(entriesIn(request).slice(1)) : confirm(entriesIn(request)));
    await createSqsSender(aws.queueUrl('ticks'))()(createMessages(3));
    expect(aws.requests.map((request) => entriesIn(request).map(({ MessageBody }) => MessageBody))).toEqual([
      ['b0', 'b1', 'b2'],
      ['b0'],
    ]);
  });

  test('throws if messages are never confirmed', async () => {
    aws.respond = () => ({ Successful: [], Failed: [] });
    await expect(createSqsSender(aws.queueUrl('ticks'))()(createMessages(2))).rejects.toThrow(
      '2 messages were not accepted',
    );
    expect(aws.requests).toHaveLength(3);
  });

  test('ends at its deadline if SQS does not respond', async () => {
    aws.hangs = () => true;
    const startedAt = performance.now();
    const send = createSqsSender(aws.queueUrl('ticks'))(Date.now() + 100);
    await expect(send(createMessages(2))).rejects.toMatchObject({ name: 'AbortError' });
    expect(performance.now() - startedAt).toBeLessThan(2000);
  });

  test('sends no request without messages', async () => {
    await createSqsSender(aws.queueUrl('ticks'))()([]);
    expect(aws.requests).toEqual([]);
  });
});
