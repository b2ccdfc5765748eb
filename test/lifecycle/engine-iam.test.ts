import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateQueueCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createSqsClient } from '../../lambdas/shared/runtime/sqs-client.ts';
import { type EmbeddedEngine, scratchDir, startEngine } from '../../localstack/engine.ts';
import { authorizationFor, clientOptions } from '../../localstack/settings.ts';

const QUEUE_ARN = 'arn:aws:sqs:us-east-1:000000000000:work';
const CALLER = 'the-function';

const folder = mkdtempSync(join(tmpdir(), 'oncebox-iam-'));
const callLog = join(folder, 'calls.jsonl');
let engine: EmbeddedEngine;
let QueueUrl: string;
/** The client of a function whose role allows `sqs:SendMessage` on the queue and nothing else. */
let sqs: SQSClient;

/** Calls an API that takes forms, as the key `test`, which may do everything. */
async function call(service: 'iam' | 'sts', parameters: Record<string, string>): Promise<string> {
  const headers = { authorization: authorizationFor(service) };
  const response = await fetch(engine.endpoint, { method: 'POST', headers, body: new URLSearchParams(parameters) });
  if (!response.ok) throw new Error(`${parameters['Action']} returned ${response.status}: ${await response.text()}`);
  return response.text();
}

async function assumeRole() {
  const RoleName = 'sender';
  const trust = { Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::000000000000:root' }, Action: 'sts:AssumeRole' };
  const sends = { Effect: 'Allow', Action: 'sqs:SendMessage', Resource: QUEUE_ARN };
  const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [trust] });
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [sends] });
  await call('iam', { Action: 'CreateRole', RoleName, AssumeRolePolicyDocument });
  await call('iam', { Action: 'PutRolePolicy', RoleName, PolicyName: 'Access', PolicyDocument });
  const RoleArn = `arn:aws:iam::000000000000:role/${RoleName}`;
  const session = await call('sts', { Action: 'AssumeRole', RoleArn, RoleSessionName: CALLER });
  const read = (name: string) => new RegExp(`<${name}>([^<]+)<`).exec(session)?.[1] ?? '';
  const accessKeyId = read('AccessKeyId');
  return { accessKeyId, secretAccessKey: read('SecretAccessKey'), sessionToken: read('SessionToken') };
}

beforeAll(async () => {
  engine = await startEngine({ name: `iam-${process.pid}`, dataDir: scratchDir(), enforcesIam: true, callLog });
  const tlsOnly = {
    Effect: 'Deny',
    Principal: { AWS: '*' },
    Action: 'sqs:*',
    Resource: QUEUE_ARN,
    Condition: { Bool: { 'aws:SecureTransport': 'false' } },
  };
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [tlsOnly] });
  const create = new CreateQueueCommand({ QueueName: 'work', Attributes: { Policy } });
  QueueUrl = String((await createSqsClient(clientOptions(engine.endpoint)).send(create)).QueueUrl);
  sqs = createSqsClient({ ...clientOptions(engine.endpoint), credentials: await assumeRole() });
});
afterAll(async () => {
  await engine.stop();
  rmSync(folder, { recursive: true });
});

const recordedCalls = (action: string): unknown[] =>
  readFileSync(callLog, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { action: string })
    .filter((recorded) => recorded.action === action);

test('a batch of messages needs the permission of one message, as on AWS', async () => {
  const Entries = [{ Id: '1', MessageBody: 'a' }];
  expect(await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }))).toMatchObject({
    Successful: [{ Id: '1' }],
  });
  expect(recordedCalls('sqs:SendMessage')).toEqual([
    { caller: CALLER, action: 'sqs:SendMessage', resource: QUEUE_ARN, refusal: null },
  ]);
});

test('a call that the role does not allow is refused and recorded', async () => {
  await expect(sqs.send(new ReceiveMessageCommand({ QueueUrl }))).rejects.toThrow(/not authorized/);
  expect(recordedCalls('sqs:ReceiveMessage')).toEqual([
    {
      caller: CALLER,
      action: 'sqs:ReceiveMessage',
      resource: QUEUE_ARN,
      refusal: 'ImplicitDeny: No matching Allow statement',
    },
  ]);
});

test('a queue that takes TLS only takes calls of this machine, and refuses one that came over plain HTTP', async () => {
  const send = (headers: Record<string, string>) =>
    fetch(engine.endpoint, {
      method: 'POST',
      headers: {
        authorization: authorizationFor('sqs'),
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': 'AmazonSQS.SendMessage',
        ...headers,
      },
      body: JSON.stringify({ QueueUrl, MessageBody: 'a' }),
    });
  expect((await send({})).status).toBe(200);
  const refused = await send({ 'x-forwarded-proto': 'http' });
  expect([refused.status, await refused.text()]).toEqual([403, expect.stringContaining('AccessDenied')]);
});

test('a call that is repeated is recorded once', async () => {
  for (let time = 0; time < 3; time++) await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'a' }));
  expect(recordedCalls('sqs:SendMessage')).toHaveLength(1);
});
