import { ReceiveMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { describe, expect, test } from 'vitest';
import { createDlqReader, withDlqMessages } from '../../../bin/ops/dlq-reader.ts';

interface Sent {
  readonly name: string;
  readonly input: Record<string, unknown>;
}

/** An SQS that hands out these messages once, and fails where it is told to. */
function sqsWith(ids: string[], fails: (name: string) => boolean = () => false) {
  const sent: Sent[] = [];
  const waiting = [...ids];
  const send = async (command: { constructor: { name: string }; input: Record<string, unknown> }) => {
    const { name } = command.constructor;
    sent.push({ name, input: command.input });
    if (fails(name)) throw new Error(`${name} failed`);
    if (!(command instanceof ReceiveMessageCommand)) return {};
    const some = waiting.splice(0, command.input.MaxNumberOfMessages);
    return { Messages: some.map((MessageId) => ({ MessageId, ReceiptHandle: `h-${MessageId}`, Body: MessageId })) };
  };
  return { letters: createDlqReader({ send } as unknown as SQSClient, 'dlq', 'queue'), sent };
}

const scope = (limit = 100) => ({ limit, hideForS: 30, signal: new AbortController().signal });
const namesOf = (sent: Sent[]) => sent.map(({ name }) => name.replace('Command', ''));
const givenBack = (sent: Sent[]) =>
  sent
    .filter(({ name }) => name === 'ChangeMessageVisibilityBatchCommand')
    .flatMap(({ input }) => input['Entries'] as { ReceiptHandle: string; VisibilityTimeout: number }[]);

describe('a DLQ', () => {
  test('is listed to its end, ten at a time, and everything is given back at once', async () => {
    const ids = Array.from({ length: 23 }, (_, at) => `m${at}`);
    const { letters, sent } = sqsWith(ids);
    const seen = await withDlqMessages(letters, scope(), async (messages) => messages.map(({ id }) => id));
    expect(seen).toEqual(ids);
    expect(givenBack(sent)).toHaveLength(23);
    expect(givenBack(sent).every(({ VisibilityTimeout }) => VisibilityTimeout === 0)).toBe(true);
    expect(namesOf(sent)).not.toContain('DeleteMessage');
  });

  test('is listed up to the limit', async () => {
    const { letters } = sqsWith(Array.from({ length: 23 }, (_, at) => `m${at}`));
    expect(await withDlqMessages(letters, scope(12), async (messages) => messages.length)).toBe(12);
  });

  test('gets its messages back also when the work on them fails', async () => {
    const { letters, sent } = sqsWith(['m1']);
    const work = withDlqMessages(letters, scope(), async () => Promise.reject(new Error('no')));
    await expect(work).rejects.toThrow('no');
    expect(givenBack(sent)).toHaveLength(1);
  });
});

describe('a redrive', () => {
  test('sends first and deletes then', async () => {
    const { letters, sent } = sqsWith(['m1']);
    const [message] = await letters.receive(1, 30, scope().signal);
    if (!message) throw new Error('there is one');
    await letters.redrive(message);
    expect(namesOf(sent).slice(-2)).toEqual(['SendMessage', 'DeleteMessage']);
    expect(sent.at(-2)?.input).toEqual({ QueueUrl: 'queue', MessageBody: 'm1' });
    expect(sent.at(-1)?.input).toEqual({ QueueUrl: 'dlq', ReceiptHandle: 'h-m1' });
  });

  test('deletes nothing that it could not send', async () => {
    const { letters, sent } = sqsWith(['m1'], (name) => name === 'SendMessageCommand');
    const [message] = await letters.receive(1, 30, scope().signal);
    if (!message) throw new Error('there is one');
    await expect(letters.redrive(message)).rejects.toThrow('SendMessageCommand failed');
    expect(namesOf(sent)).not.toContain('DeleteMessage');
  });
});
