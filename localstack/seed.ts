import { systemClock } from '../lambdas/shared/runtime/clock.ts';
import { createHttpPublisher } from '../tools/document-publisher.ts';
import { generateDocuments } from '../tools/generated-documents.ts';

const DOCUMENTS = 50;
const PATIENCE_MS = 30_000;

/**
 * A little to look at: an account, a deposit, an order, each with its Idempotency-Key, so a repeat changes nothing; and
 * order documents before them, so that the account is there once all of these are.
 */
export async function seed(url: string): Promise<void> {
  const account = await fetch(`${url}/payments/accounts/alice/balance`, { signal: AbortSignal.timeout(PATIENCE_MS) });
  await account.body?.cancel();
  if (account.status === 404) await publish(url);
  await post(url, '/payments/accounts', 'seed-account', { user_id: 'alice' }, [201, 409]);
  await post(url, '/payments/accounts/deposit', 'seed-deposit', { user_id: 'alice', amount: 2000 }, [200]);
  await post(url, '/orders', 'seed-order', { user_id: 'alice', amount: 1500, description: 'Gift' }, [201]);
}

async function publish(url: string): Promise<void> {
  const publisher = createHttpPublisher(async (method, path, body) => {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(url + path, { method, headers, body, signal: AbortSignal.timeout(PATIENCE_MS) });
    return { url: url + path, status: answer.status, text: await answer.text() };
  }, systemClock);
  const sent = await publisher(
    generateDocuments({ count: DOCUMENTS, seed: 1 }),
    AbortSignal.timeout(PATIENCE_MS),
    () => undefined,
  );
  if (sent.length < DOCUMENTS) throw new Error(`${sent.length} of ${DOCUMENTS} documents in ${PATIENCE_MS / 1000} s`);
}

async function post(url: string, path: string, key: string, body: unknown, fine: readonly number[]): Promise<void> {
  const answer = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': key },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  const text = await answer.text();
  if (!fine.includes(answer.status)) throw new Error(`POST ${path} answered ${answer.status}: ${text.slice(0, 300)}`);
}
