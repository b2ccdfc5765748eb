import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DescribeRuleCommand, EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { systemClock } from '../lambdas/shared/runtime/clock.ts';
import { createDynamoStore } from '../lambdas/shared/store/dynamo-store.ts';
import type { Store } from '../lambdas/shared/store/store.ts';
import { createHttpPublisher } from '../tools/document-publisher.ts';
import { generateDocuments } from '../tools/generated-documents.ts';
import { DEFAULT_SEED, seedUsers } from '../tools/user-seeding.ts';
import { clientOptions, type Deployment } from './settings.ts';

const DOCUMENT_COUNT = 50;
const TIMEOUT_MS = 30_000;

export interface SampleData {
  /** The address of the API. */
  readonly url: string;
  /** The table of payments, in which users are created a hundred at a time. */
  readonly payments: Store;
  readonly userCount: number;
  /** Plans the bulk updates of the current minute. */
  readonly planTicks: () => Promise<void>;
  readonly signal: AbortSignal;
}

export const openSampleData = ({ endpoint, stage }: Deployment): Pick<SampleData, 'payments' | 'planTicks'> => ({
  payments: createDynamoStore(
    DynamoDBDocumentClient.from(new DynamoDBClient(clientOptions(endpoint))),
    `oncebox-${stage}-payments`,
  ),
  planTicks: () => planCurrentMinute({ endpoint, stage }),
});

/**
 * Creates the sample data that is missing: users with balances, order documents, and an order with its account. Each
 * part finds out by the data what is missing, so a start completes what an earlier start has left out. A failed part
 * does not stop the others.
 */
export async function createSampleData(
  { url, payments, userCount, planTicks, signal }: SampleData,
  showProgress: (done: number, total: number) => void,
): Promise<void> {
  const createUsers = async () => {
    if (userCount === 0) return;
    const scope = { seed: DEFAULT_SEED, count: userCount, signal };
    await seedUsers(payments, scope, (done) => showProgress(done, userCount));
    if (!signal.aborted) await planTicks();
  };
  const results = await Promise.allSettled([createUsers(), createOrderAndDocuments(url)]);
  const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
  if (failures.length > 0) throw new AggregateError(failures, failures.map((failure) => messageOf(failure)).join('; '));
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/**
 * Plans the ticks of the current minute. The schedule plans only from the next minute on, so balances would not change
 * for up to a minute after a start. A minute that is planned twice has the same ticks.
 */
async function planCurrentMinute({ endpoint, stage }: Deployment): Promise<void> {
  const name = `oncebox-${stage}-payments-plan-ticks`;
  const { State } = await new EventBridgeClient(clientOptions(endpoint)).send(new DescribeRuleCommand({ Name: name }));
  if (State !== 'ENABLED') return;
  const Payload = JSON.stringify({ time: new Date().toISOString() });
  const command = new InvokeCommand({ FunctionName: name, InvocationType: 'Event', Payload });
  await new LambdaClient(clientOptions(endpoint)).send(command);
}

/**
 * Creates order documents, an account, a deposit and an order. Each request has an Idempotency-Key, so a repeat changes
 * nothing. The order is the last one, so it means that all the rest exists. The documents are the first, so an existing
 * account means that all of them were sent.
 */
async function createOrderAndDocuments(url: string): Promise<void> {
  if (await exists(`${url}/orders?user_id=alice&limit=1`, (body) => Array.isArray(body) && body.length > 0)) return;
  if (!(await exists(`${url}/payments/accounts/alice/balance`, () => true))) await publishDocuments(url);
  await post(`${url}/payments/accounts`, 'seed-account', { user_id: 'alice' }, [201, 409]);
  await post(`${url}/payments/accounts/deposit`, 'seed-deposit', { user_id: 'alice', amount: 2000 }, [200]);
  await post(`${url}/orders`, 'seed-order', { user_id: 'alice', amount: 1500, description: 'Gift' }, [201]);
}

async function exists(url: string, matches: (body: unknown) => boolean): Promise<boolean> {
  const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  const text = await response.text();
  if (response.status === 404) return false;
  if (!response.ok) throw new Error(`GET ${url} returned ${response.status}: ${text.slice(0, 300)}`);
  return matches(JSON.parse(text));
}

async function publishDocuments(url: string): Promise<void> {
  const publish = createHttpPublisher((method, path, body) => send(method, url + path, body), systemClock);
  const documents = generateDocuments({ count: DOCUMENT_COUNT, seed: 1 });
  const sent = await publish(documents, AbortSignal.timeout(TIMEOUT_MS), () => undefined);
  if (sent.length < DOCUMENT_COUNT)
    throw new Error(`only ${sent.length} of ${DOCUMENT_COUNT} documents were sent in ${TIMEOUT_MS / 1000} s`);
}

async function post(url: string, key: string, body: unknown, expectedStatuses: readonly number[]): Promise<void> {
  const { status, text } = await send('POST', url, JSON.stringify(body), { 'idempotency-key': key });
  if (!expectedStatuses.includes(status)) throw new Error(`POST ${url} returned ${status}: ${text.slice(0, 300)}`);
}

async function send(method: 'POST', url: string, body: string, keyHeader: Record<string, string> = {}) {
  const headers = { 'content-type': 'application/json', ...keyHeader };
  const response = await fetch(url, { method, headers, body, signal: AbortSignal.timeout(TIMEOUT_MS) });
  return { url, status: response.status, text: await response.text() };
}
