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
/** Functions that run on a schedule. Their usage belongs to no order. */
const SCHEDULED = ['nudge-stuck-orders', 'plan-ticks', 'on-balance-ticks', 'sync-balances', 'rotate-keys'];

interface Usage {
  calls: number;
  writeUnits: number;
  readUnits: number;
  tableRequests: number;
}

/**
 * Measures what a plain order costs, by the `call ended` log line of each function. The orders are placed one by one,
 * so that none shares a batch with another.
 */
export async function cost(api: ApiClient, access: EngineAccess, endpoint: string, stage: string): Promise<Row[]> {
  const customer = await api.customer(ORDERS);
  await settledUsage(endpoint, stage, Date.now());
  const sinceMs = Date.now();
  for (let count = 0; count < ORDERS; count++) {
    const id = await api.order(customer, 1);
    // The table is read past the API, whose reads would count as the order's.
    await poll(
      () => access.order(id),
      (row) => (row?.['state'] as { status: string } | undefined)?.status === 'FINISHED',
    );
  }
  const usage = await settledUsage(endpoint, stage, sinceMs);
  return [
    { what: 'write units of a plain order, NEW to FINISHED', figure: (usage.writeUnits / ORDERS).toFixed(1) },
    { what: 'read units of a plain order', figure: (usage.readUnits / ORDERS).toFixed(1) },
    { what: 'function invocations per order', figure: (usage.calls / ORDERS).toFixed(1) },
    { what: 'DynamoDB requests per order', figure: (usage.tableRequests / ORDERS).toFixed(1) },
  ];
}

/** Reads the usage until two readings in a row are equal, since then no function is at work. */
async function settledUsage(endpoint: string, stage: string, sinceMs: number): Promise<Usage> {
  let previous = '';
  return poll(
    () => readUsage(endpoint, stage, sinceMs),
    (usage) => {
      const isSame = JSON.stringify(usage) === previous;
      previous = JSON.stringify(usage);
      return isSame;
    },
  );
}

async function readUsage(endpoint: string, stage: string, sinceMs: number): Promise<Usage> {
  const logs = new CloudWatchLogsClient(clientOptions(endpoint));
  const prefix = `/aws/lambda/oncebox-${stage}-`;
  const { logGroups = [] } = await logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: prefix }));
  const total: Usage = { calls: 0, writeUnits: 0, readUnits: 0, tableRequests: 0 };
  for (const { logGroupName = '' } of logGroups) {
    if (SCHEDULED.some((name) => logGroupName.endsWith(name))) continue;
    // The embedded engine has no pages: it returns the first 10,000 events after that time.
    const { events = [] } = await logs.send(new FilterLogEventsCommand({ logGroupName, startTime: sinceMs }));
    for (const { message = '' } of events) addCall(total, message);
  }
  return total;
}

function addCall(total: Usage, message: string): void {
  if (!message.includes('"call ended"')) return;
  const line = JSON.parse(message) as { write_units: number; read_units: number; table_requests: number };
  total.calls += 1;
  total.writeUnits += line.write_units;
  total.readUnits += line.read_units;
  total.tableRequests += line.table_requests;
}
