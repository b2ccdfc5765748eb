import {
  CloudWatchLogsClient,
  DescribeLogGroupsCommand,
  FilterLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { clientOptions } from '../../localstack/settings.ts';
import type { ApiClient } from '../support/api-client.ts';
import type { EngineAccess } from '../support/engine-access.ts';
import { poll } from '../support/poll.ts';
import type { Row } from './figures.ts';

const ORDERS = 100;
/** What these take is no order's. */
const BY_THE_CLOCK = ['nudge-stuck-orders', 'plan-ticks', 'on-balance-ticks', 'sync-balances'];

interface Used {
  calls: number;
  write: number;
  read: number;
  requests: number;
}

/** What plain orders cost, one by one so that nothing is shared: from each function's closing log line. */
export async function cost(shop: ApiClient, behind: EngineAccess, endpoint: string, stage: string): Promise<Row[]> {
  const customer = await shop.customer(ORDERS);
  await settled(endpoint, stage, Date.now());
  const since = Date.now();
  for (let at = 0; at < ORDERS; at++) {
    const id = await shop.order(customer, 1);
    // looked at in the table itself: a look through the API would count as the order's
    await poll(
      () => behind.order(id),
      (row) => (row?.['state'] as { status: string } | undefined)?.status === 'FINISHED',
    );
  }
  const { write, read, calls, requests } = await settled(endpoint, stage, since);
  return [
    { what: 'write units of a plain order, NEW to FINISHED', figure: (write / ORDERS).toFixed(1) },
    { what: 'read units of a plain order', figure: (read / ORDERS).toFixed(1) },
    { what: 'invocations of functions for each order', figure: (calls / ORDERS).toFixed(1) },
    { what: 'requests to DynamoDB for each order', figure: (requests / ORDERS).toFixed(1) },
  ];
}

/** The sums once nothing is under way any more: two looks that see the same. */
async function settled(endpoint: string, stage: string, since: number): Promise<Used> {
  let before = '';
  return poll(
    () => used(endpoint, stage, since),
    (now) => {
      const same = JSON.stringify(now) === before;
      before = JSON.stringify(now);
      return same;
    },
  );
}

async function used(endpoint: string, stage: string, since: number): Promise<Used> {
  const logs = new CloudWatchLogsClient(clientOptions(endpoint));
  const prefix = `/aws/lambda/oncebox-${stage}-`;
  const { logGroups = [] } = await logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: prefix }));
  const total: Used = { calls: 0, write: 0, read: 0, requests: 0 };
  for (const { logGroupName = '' } of logGroups) {
    if (BY_THE_CLOCK.some((name) => logGroupName.endsWith(name))) continue;
    // the embedded engine knows no pages: it gives the first 10,000 events from that time on
    const { events = [] } = await logs.send(new FilterLogEventsCommand({ logGroupName, startTime: since }));
    for (const { message = '' } of events) add(total, message);
  }
  return total;
}

function add(total: Used, message: string): void {
  if (!message.includes('"call ended"')) return;
  const line = JSON.parse(message) as { write_units: number; read_units: number; table_requests: number };
  total.calls += 1;
  total.write += line.write_units;
  total.read += line.read_units;
  total.requests += line.table_requests;
}
