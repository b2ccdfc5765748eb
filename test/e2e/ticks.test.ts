import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { parseChanges } from '../../lambdas/payments/entry-row.ts';
import type { Row } from '../../lambdas/shared/store/store.ts';
import { clientOptions } from '../../localstack/settings.ts';
import { ApiClient, expectStatus } from '../support/api-client.ts';
import { EngineAccess } from '../support/engine-access.ts';
import { findLedgerErrors } from '../support/ledger-check.ts';
import { OpsCli } from '../support/ops-cli.ts';
import { poll } from '../support/poll.ts';

const api = new ApiClient(inject('url'));
const engine = new EngineAccess(inject('endpoint'));
const ops = new OpsCli(inject('endpoint'));

const USERS = 1000;

const tickEntries = async () =>
  (await engine.rows('payments')).filter(({ pk, sk }) => /^CHUNK#\d+ TICK#/.test(`${pk} ${sk}`));

beforeAll(() => engine.setTicksEnabled(true));
afterAll(() => engine.setTicksEnabled(false));

test('ops seed users creates 1,000 users in seconds, and no user when it is repeated', async () => {
  const seed = () => ops.json<{ new: number; seconds: number }>('seed', 'users', '--count', String(USERS));
  const first = await seed();
  console.log(`seeding: ${first.new} users in ${first.seconds} s`);
  expect(first).toMatchObject({ new: USERS, first: 'u42-000001', last: 'u42-001000' });
  expect(first.seconds).toBeLessThan(15);
  expect(await seed()).toMatchObject({ new: 0 });
  const isSeeded = ({ pk, sk }: { pk: string; sk: string }) => /^ACCOUNT#u42-\d{6}$/.test(pk) && sk === 'STATE';
  expect((await engine.rows('payments')).filter(isSeeded)).toHaveLength(USERS);
});

test('the schedule applies ticks, which the statement shows, without ledger errors', async () => {
  const before = (await tickEntries()).length;
  const entries = await poll(tickEntries, (rows) => rows.length >= before + 3, 85_000);
  const [change] = parseChanges(entries.at(-1) as Row);
  const page = expectStatus(await api.get(`/payments/accounts/${change?.user_id}/entries`), 200);
  const statement = page.body as unknown as Record<string, unknown>[];
  expect(statement.map(({ reason }) => reason)).toContain('tick');
  expect(statement.at(-1)).toMatchObject({ version: 1, reason: 'seed' });
  expect(statement.map(({ version }) => version)).toEqual(statement.map((_, index) => statement.length - index));
  await engine.setTicksEnabled(false);
  // The rest of the planned minute is still applied, and a scan during a tick may see a part of its transaction.
  await poll(
    async () => findLedgerErrors(await engine.rows('payments')),
    (errors) => errors.length === 0,
  );
});

interface CallEnded {
  readonly write_units: number;
}

test('the update of a chunk takes the write units of docs/scale.md, with no write to an index', async () => {
  const logs = new CloudWatchLogsClient(clientOptions(inject('endpoint')));
  const logGroupName = '/aws/lambda/oncebox-test-payments-on-balance-ticks';
  const { events = [] } = await logs.send(new FilterLogEventsCommand({ logGroupName }));
  const writeUnits = events
    .flatMap(({ message = '' }) => (message.includes('"call ended"') ? [JSON.parse(message) as CallEnded] : []))
    .map(({ write_units }) => write_units);
  // Two messages may share a call, so the minimum is the cost of one.
  expect(Math.min(...writeUnits.filter((units) => units > 0))).toBeLessThanOrEqual(216);
});
