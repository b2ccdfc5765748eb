import { ReceiveMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { describe, expect, test } from 'vitest';
import type { DlqMessage } from '../../../bin/ops/dlq-message.ts';
import { createDlqReader, withDlqMessages } from '../../../bin/ops/dlq-reader.ts';
import { redriveMessage } from '../../../bin/ops/redrive-message.ts';

interface SentCommand {
  readonly name: string;
  readonly input: Record<string, unknown>;
}

/** Creates the reader of a DLQ whose messages are received once. The commands named by `fails` throw. */
function createDlq(ids: string[], fails: (name: string) => boolean = () => false) {
  const commands: SentCommand[] = [];
  const waiting = [...ids];
  const send = async (command: { constructor: { name: string }; input: Record<string, unknown> }) => {
    const { name } = command.constructor;
    commands.push({ name, input: command.input });
    if (fails(name)) throw new Error(`${name} failed`);
    if (!(command instanceof ReceiveMessageCommand)) return {};
    const received = waiting.splice(0, command.input.MaxNumberOfMessages);
    return { Messages: received.map((MessageId) => ({ MessageId, ReceiptHandle: `h-${MessageId}`, Body: MessageId })) };
  };
  const sqs = { send } as unknown as SQSClient;
  const redrive = (message: DlqMessage) => redriveMessage(sqs, { url: 'queue', dlqUrl: 'dlq' }, message);
  return { dlq: createDlqReader(sqs, 'dlq'), redrive, commands };
}

const scopeOf = (limit = 100) => ({ limit, hideForS: 30, signal: new AbortController().signal });
const createIds = (length: number) => Array.from({ length }, (_, index) => `m${index}`);
const namesOf = (commands: SentCommand[]) => commands.map(({ name }) => name.replace('Command', ''));
const releasedBy = (commands: SentCommand[]) =>
  commands
    .filter(({ name }) => name === 'ChangeMessageVisibilityBatchCommand')
    .flatMap(({ input }) => input['Entries'] as { ReceiptHandle: string; VisibilityTimeout: number }[]);

describe('reading a DLQ', () => {
  test('receives all messages in batches of ten and releases them at once', async () => {
    const ids = createIds(23);
    const { dlq, commands } = createDlq(ids);
    const received = await withDlqMessages(dlq, scopeOf(), async (messages) => messages.map(({ id }) => id));
    expect(received).toEqual(ids);
    expect(releasedBy(commands)).toHaveLength(23);
    expect(releasedBy(commands).every(({ VisibilityTimeout }) => VisibilityTimeout === 0)).toBe(true);
    expect(namesOf(commands)).not.toContain('DeleteMessage');
  });

  test('receives no more messages than the limit', async () => {
    const { dlq } = createDlq(createIds(23));
    expect(await withDlqMessages(dlq, scopeOf(12), async (messages) => messages.length)).toBe(12);
  });

  test('releases the messages if the work on them fails', async () => {
    const { dlq, commands } = createDlq(['m1']);
    const work = withDlqMessages(dlq, scopeOf(), async () => Promise.reject(new Error('no')));
    await expect(work).rejects.toThrow('no');
    expect(releasedBy(commands)).toHaveLength(1);
  });
});

describe('a redrive', () => {
  test('sends the message and then deletes it', async () => {
    const { dlq, redrive, commands } = createDlq(['m1']);
    const [message] = await dlq.receive(1, 30, scopeOf().signal);
    if (!message) throw new Error('the message was not received');
    await redrive(message);
    expect(namesOf(commands).slice(-2)).toEqual(['SendMessage', 'DeleteMessage']);
    expect(commands.at(-2)?.input).toEqual({ QueueUrl: 'queue', MessageBody: 'm1' });
    expect(commands.at(-1)?.input).toEqual({ QueueUrl: 'dlq', ReceiptHandle: 'h-m1' });
  });

  test('does not delete a message that it could not send', async () => {
    const { dlq, redrive, commands } = createDlq(['m1'], (name) => name === 'SendMessageCommand');
    const [message] = await dlq.receive(1, 30, scopeOf().signal);
    if (!message) throw new Error('the message was not received');
    await expect(redrive(message)).rejects.toThrow('SendMessageCommand failed');
    expect(namesOf(commands)).not.toContain('DeleteMessage');
  });
});
