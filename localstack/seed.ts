import { systemClock } from '../lambdas/shared/runtime/clock.ts';
import { createHttpPublisher } from '../tools/document-publisher.ts';
import { generateDocuments } from '../tools/generated-documents.ts';

const DOCUMENT_COUNT = 50;
const TIMEOUT_MS = 30_000;

/**
 * Creates sample data: order documents, an account, a deposit and an order. Each request has an Idempotency-Key, so a
 * repeat changes nothing. The documents come first, so that an existing account means that all of them were sent.
 */
export async function seed(url: string): Promise<void> {
  const balance = await fetch(`${url}/payments/accounts/alice/balance`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  await balance.body?.cancel();
  if (balance.status === 404) await publishDocuments(url);
  await post(`${url}/payments/accounts`, 'seed-account', { user_id: 'alice' }, [201, 409]);
  await post(`${url}/payments/accounts/deposit`, 'seed-deposit', { user_id: 'alice', amount: 2000 }, [200]);
  await post(`${url}/orders`, 'seed-order', { user_id: 'alice', amount: 1500, description: 'Gift' }, [201]);
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
