import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { confirmChange } from '../../../bin/ops/confirm-change.ts';
import { OpsCli } from '../../support/ops-cli.ts';

const ACCOUNT = '123456789012';
const ARN = `arn:aws:sts::${ACCOUNT}:assumed-role/on-call/ann`;
const IDENTITY = `<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>${ARN}</Arn><UserId>A:ann</UserId>
<Account>${ACCOUNT}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`;
const EXPIRED =
  '<ErrorResponse><Error><Code>ExpiredToken</Code><Message>The token is expired</Message></Error></ErrorResponse>';

/** A server in place of AWS. It answers only who the caller is, and keeps the actions of all other requests. */
const requests: string[] = [];
let identity: { status: number; body: string };
let authorization = '';
const server = createServer(async (request, response) => {
  const body = await readBody(request);
  if (body.includes('Action=GetCallerIdentity')) {
    authorization = request.headers.authorization ?? '';
    response.writeHead(identity.status).end(identity.body);
    return;
  }
  requests.push(String(request.headers['x-amz-target']));
  response.writeHead(400, { 'content-type': 'application/json' }).end('{"__type":"ParameterNotFound"}');
});

async function readBody(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request) body += chunk;
  return body;
}

beforeEach(async () => {
  requests.length = 0;
  identity = { status: 200, body: IDENTITY };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const runOn = (stage: string, ...args: string[]) => {
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const credentials = { AWS_ACCESS_KEY_ID: 'A', AWS_SECRET_ACCESS_KEY: 'S', AWS_REGION: 'eu-west-1' };
  return new OpsCli(endpoint, stage, credentials).run(...args);
};

describe('a command that changes a stage on AWS', () => {
  test('prints account and region, and changes nothing if it can ask nobody', async () => {
    const { code, stderr } = await runOn('dev', 'chaos', 'set', 'duplicate=0.1');
    expect(code).toBe(2);
    expect(authorization).toMatch(/^AWS4-HMAC-SHA256 Credential=A\/\d{8}\/eu-west-1\/sts\//);
    expect(stderr).toContain(`Stage dev on AWS: account ${ACCOUNT}, region eu-west-1, as ${ARN}`);
    expect(stderr).toContain('Standard input is no terminal, so chaos set cannot ask before it changes stage dev.');
    expect(stderr).toContain('--yes');
    expect(requests).toEqual([]);
  });

  test('prints account and region, and starts at once with --yes', async () => {
    const { code, stderr } = await runOn('dev', 'chaos', 'set', 'duplicate=0.1', '--yes');
    expect(code).toBe(1);
    expect(stderr).toContain(`account ${ACCOUNT}, region eu-west-1`);
    expect(stderr).toContain('Stage dev has no parameter /oncebox/dev/chaos.');
    expect(requests).toEqual(['AmazonSSM.GetParameter']);
  });

  test('changes nothing if the credentials are not valid', async () => {
    identity = { status: 403, body: EXPIRED };
    const { code, stderr } = await runOn('dev', 'chaos', 'set', 'duplicate=0.1', '--yes');
    expect(code).toBe(1);
    expect(stderr).toBe('✗ AWS does not accept the credentials: The token is expired\n  Log in again.\n');
    expect(requests).toEqual([]);
  });

  test('is not asked about a dry run, which changes nothing', async () => {
    const { code, stderr } = await runOn('dev', 'dlq', 'redrive', 'order-payments', '--dry-run');
    expect(code).toBe(1);
    expect(stderr).not.toContain('terminal');
    expect(requests.length).toBeGreaterThan(0);
  });
});

test('a command that only reads, and any command on a local stage, starts without a question', async () => {
  expect((await runOn('dev', 'chaos', 'show')).stderr).toMatch(/^✗ Stage dev has no parameter/);
  expect((await runOn('test', 'chaos', 'set', 'duplicate=0.1')).stderr).toMatch(/^✗ Stage test has no parameter/);
  expect(requests).toEqual(['AmazonSSM.GetParameter', 'AmazonSSM.GetParameter']);
});

describe('confirmChange at a terminal', () => {
  /** Answers the question, or ends the input without an answer. Returns what was shown. */
  async function confirm(
    answer: string | undefined,
    { isConfirmed = false, signal = new AbortController().signal } = {},
  ) {
    const input = Object.assign(new PassThrough(), { isTTY: true });
    const shown: string[] = [];
    if (answer === undefined) input.end();
    else input.write(`${answer}\n`);
    await confirmChange(
      { command: 'chaos set', stage: 'prod', isConfirmed, signal },
      {
        readCallerIdentity: async () => ({ account: ACCOUNT, region: 'eu-west-1', arn: ARN }),
        input,
        notify: (text) => shown.push(text),
      },
    );
    return shown;
  }
  const where = `Stage prod on AWS: account ${ACCOUNT}, region eu-west-1, as ${ARN}`;

  test('continues if the answer is the name of the stage', async () => {
    expect(await confirm('prod')).toEqual([where, 'chaos set changes this stage. Type prod to continue:']);
    expect(await confirm(' prod \t')).toHaveLength(2);
  });

  test.each(['', 'y', 'dev', 'PROD'])('changes nothing if the answer is "%s"', (answer) =>
    expect(confirm(answer)).rejects.toThrow('The answer is not prod. Nothing was changed.'),
  );

  test('changes nothing if the input ends', () => expect(confirm(undefined)).rejects.toThrow('Nothing was changed.'));

  test('does not ask if the change is confirmed', async () => {
    expect(await confirm(undefined, { isConfirmed: true })).toEqual([where]);
  });

  test('stops waiting at Ctrl-C, without an error', async () => {
    const controller = new AbortController();
    const input = Object.assign(new PassThrough(), { isTTY: true });
    const change = { command: 'chaos set', stage: 'prod', isConfirmed: false, signal: controller.signal };
    const readCallerIdentity = async () => ({ account: ACCOUNT, region: 'eu-west-1', arn: ARN });
    await confirmChange(change, {
      readCallerIdentity,
      input,
      notify: (text) => {
        if (text.includes('Type prod')) setImmediate(() => controller.abort());
      },
    });
    expect(controller.signal.aborted).toBe(true);
  });
});
