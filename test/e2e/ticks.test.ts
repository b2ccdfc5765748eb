import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { sharesIn } from '../../lambdas/payments/entry-row.ts';
import { clientOptions } from '../../localstack/settings.ts';
import { BehindTheDoors } from '../support/behind-the-doors.ts';
import { faultsInBooks } from '../support/books.ts';
import { Operator } from '../support/operator.ts';
import { poll } from '../support/poll.ts';
import { expectStatus, ShopClient } from '../support/shop-client.ts';

const shop = new ShopClient(inject('url'));
const behind = new BehindTheDoors(inject('endpoint'));
const operator = new Operator(inject('endpoint'));

const USERS = 1000;

const entries = async () =>
  (await behind.rows('payments')).filter(({ pk, sk }) => /^CHUNK#\d+ TICK#/.test(`${pk} ${sk}`));

beforeAll(() => behind.ticking(true));
afterAll(() => behind.ticking(false));

test('1,000 users are seeded in seconds, and a second time is no one new', async () => {
  const seed = () => operator.told<{ new: number; seconds: number }>('seed', 'users', '--count', String(USERS));
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
  const [one] = sharesIn(newest as (typeof seen)[number]);
  const page = expectStatus(await shop.get(`/payments/accounts/${one?.user_id}/entries`), 200);
  const statement = page.body as unknown as Record<string, unknown>[];
  expect(statement.map(({ reason }) => reason)).toContain('tick');
  expect(statement.at(-1)).toMatchObject({ version: 1, reason: 'seed' });
  expect(statement.map(({ version }) => version)).toEqual(statement.map((_, at) => statement.length - at));
  await behind.ticking(false);
  // what was planned of this minute comes still, and a scan in the middle of a tick sees half of it
  await poll(
    async () => faultsInBooks(await behind.rows('payments')),
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
