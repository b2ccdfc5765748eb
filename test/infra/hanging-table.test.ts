import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import type { SQSBatchResponse } from 'aws-lambda';
import { describe, expect, test } from 'vitest';
import { OrderCreated } from '../../events/orders/order-created.ts';
import { bundlesForSynth } from '../../lib/bundle.ts';
import { FakeAws } from '../support/fake-aws.ts';
import { noon, sqsRecord } from '../support/fixtures.ts';

/** Runs the handler of a bundle once, with the time that Lambda would leave it, as a process of its own. */
const RUN_HANDLER = `
  const { handler } = require(process.argv[1]);
  const { event, timeoutMs } = JSON.parse(process.argv[2]);
  const startedMs = Date.now();
  const context = { getRemainingTimeInMillis: () => timeoutMs - (Date.now() - startedMs) };
  handler(event, context).then((result) => {
    require('node:fs').writeSync(3, JSON.stringify({ result, durationMs: Date.now() - startedMs }));
    process.exit(0);
  });
`;
const TIMEOUT_MS = 6000;

const orderOf = (user_id: string) => {
  const time = new Date(noon).toISOString();
  const data = { order_id: user_id.slice(0, 1).repeat(26), user_id, amount: 10, created_at: time };
  return OrderCreated.make(data, { time, correlation_id: 'c', causation_id: 'c' });
};

const aws = new FakeAws().install();
// Bundled before the tests, because it may take longer than a test's timeout on a busy machine.
const bundle = bundlesForSynth().get('payments/on-order-payments.ts');

async function runConsumer(event: unknown): Promise<{ result: SQSBatchResponse; durationMs: number }> {
  const child = spawn(
    process.execPath,
    ['-e', RUN_HANDLER, `${bundle?.dir}/index.js`, JSON.stringify({ event, timeoutMs: TIMEOUT_MS })],
    {
      stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
      env: {
        AWS_ENDPOINT_URL: aws.url,
        AWS_REGION: 'us-east-1',
        AWS_ACCESS_KEY_ID: 'test',
        AWS_SECRET_ACCESS_KEY: 'test',
        PAYMENTS_TABLE: 'payments',
        CONSUMER: 'order-payments',
        QUEUE_URL: aws.queueUrl('order-payments'),
        DLQ_URL: aws.queueUrl('order-payments-dlq'),
      },
    },
  );
  return JSON.parse(await text(child.stdio[3] as NodeJS.ReadableStream));
}

describe('a consumer whose table does not respond to some requests', () => {
  test('returns in time, requeues the messages that need them, and acknowledges the others', async () => {
    aws.hangs = ({ target, body }) => target !== 'SendMessage' && JSON.stringify(body).includes('bob');
    const respondToQueue = aws.respond;
    aws.respond = (request) => (request.target === 'SendMessage' ? respondToQueue(request) : { Responses: {} });
    const orders = [orderOf('alice'), orderOf('bob')];
    const Records = orders.map((order, index) => sqsRecord(`m${index}`, order, { sentAt: Date.now() }));

    const { result, durationMs } = await runConsumer({ Records });

    expect(durationMs).toBeLessThan(TIMEOUT_MS);
    expect(result).toEqual({ batchItemFailures: [] });
    const sent = aws.requests.filter(({ target }) => target === 'SendMessage');
    expect(sent.map(({ body }) => [body['QueueUrl'], body.MessageBody])).toEqual([
      [aws.queueUrl('order-payments'), JSON.stringify(orders[1])],
    ]);
    const [{ body: requeued } = { body: {} }] = sent;
    expect(requeued).toMatchObject({ MessageAttributes: { failures: { StringValue: '0' } } });
    const written = aws.requests.filter(({ target }) => target === 'TransactWriteItems');
    expect(JSON.stringify(written)).toContain('alice');
  });

  test('returns in time if only a transaction gets no response', async () => {
    aws.hangs = ({ target }) => target === 'TransactWriteItems';
    const respondToQueue = aws.respond;
    aws.respond = (request) => (request.target === 'SendMessage' ? respondToQueue(request) : { Responses: {} });
    const Records = [sqsRecord('m', orderOf('carol'), { sentAt: Date.now() })];
    const { result, durationMs } = await runConsumer({ Records });
    expect(durationMs).toBeLessThan(TIMEOUT_MS);
    expect(result).toEqual({ batchItemFailures: [] });
    const [{ body } = { body: {} }] = aws.requests.filter(({ target }) => target === 'SendMessage');
    expect(body).toMatchObject({ MessageAttributes: { failures: { StringValue: '0' } } });
  });

  test('returns in time if its queue does not respond either, so that SQS delivers the messages again', async () => {
    aws.hangs = () => true;
    const Records = [sqsRecord('m', orderOf('bob'), { sentAt: Date.now() })];
    const { result, durationMs } = await runConsumer({ Records });
    expect(durationMs).toBeLessThan(TIMEOUT_MS);
    expect(result).toEqual({ batchItemFailures: [{ itemIdentifier: 'm' }] });
  });
});
