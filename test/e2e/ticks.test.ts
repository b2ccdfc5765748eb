import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { parseChanges } from '../../lambdas/payments/entry-row.ts';
import { clientOptions } from '../../localstack/settings.ts';
import { ApiClient, expectStatus } from '../support/api-client.ts';
import { EngineAccess } from '../support/engine-access.ts';
import { findLedgerErrors } from '../support/ledger-check.ts';
import { OpsCli } from '../support/ops-cli.ts';
import { poll } from '../support/poll.ts';

const shop = new ApiClient(inject('url'));
const behind = new EngineAccess(inject('endpoint'));
const operator = new OpsCli(inject('endpoint'));

const USERS = 1000;

const entries = async () =>
  (await behind.rows('payments')).filter(({ pk, sk }) => /^CHUNK#\d+ TICK#/.test(`${pk} ${sk}`));

beforeAll(() => behind.setTicksEnabled(true));
afterAll(() => behind.setTicksEnabled(false));

test('1,000 users are seeded in seconds, and a second time is no one new', async () => {
  const seed = () => operator.json<{ new: number; seconds: number }>('seed', 'users', '--count', String(USERS));
  const first = await seed();
  console.log(`seeding: ${first.new} users in ${first.seconds} s`);
  expect(first).toMatchObject({ new: USERS, first: 'u42-000001', last: 'u42-001000' });
  expect(first.seconds).toBeLessThan(15);
  expect(await seed()).toMatchObject({ new: 0 });
  const isSeeded = ({ pk, sk }: { pk: string; sk: string }) => /^ACCOUNT#u42-\d{6}$/.test(pk) && sk === 'STATE';
  expect((await behind.rows('payments')).filter(isSeeded)).toHaveLength(USERS);
});

test('ticks come by themselves, show in the statement, and the books are right', async () => {
  const before = (await entries()).length;
  const seen = await poll(entries, (all) => all.length >= before + 3, 85_000);
  const newest = seen.at(-1);
  const [one] = parseChanges(newest as (typeof seen)[number]);
  const page = expectStatus(await shop.get(`/payments/accounts/${one?.user_id}/entries`), 200);
  const statement = page.body as unknown as Record<string, unknown>[];
  expect(statement.map(({ reason }) => reason)).toContain('tick');
  expect(statement.at(-1)).toMatchObject({ version: 1, reason: 'seed' });
  expect(statement.map(({ version }) => version)).toEqual(statement.map((_, at) => statement.length - at));
  await behind.setTicksEnabled(false);
  // what was planned of this minute comes still, and a scan in the middle of a tick sees half of it
  await poll(
    async () => findLedgerErrors(await behind.rows('payments')),
    (faults) => faults.length === 0,
  );
});

test('a chunk’s turn costs what docs/scale.md says: no index is written for a change of a balance', async () => {
  const logs = new CloudWatchLogsClient(clientOptions(inject('endpoint')));
  const logGroupName = '/aws/lambda/oncebox-test-payments-on-balance-ticks';
  const { events = [] } = await logs.send(new FilterLogEventsCommand({ logGroupName }));
  const units = events
    .flatMap(({ message = '' }) => (message.includes('"call ended"') ? [JSON.parse(message) as Used] : []))
    .map(({ write_units }) => write_units);
  // two messages may share a call
  expect(Math.min(...units.filter((one) => one > 0))).toBeLessThanOrEqual(216);
});

interface Used {
  readonly write_units: number;
}
