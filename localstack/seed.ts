/** A little to look at: an account, a deposit, an order. Each has its Idempotency-Key, so a repeat changes nothing. */
export async function seed(url: string): Promise<void> {
  await post(url, '/payments/accounts', 'seed-account', { user_id: 'alice' }, [201, 409]);
  await post(url, '/payments/accounts/deposit', 'seed-deposit', { user_id: 'alice', amount: 2000 }, [200]);
  await post(url, '/orders', 'seed-order', { user_id: 'alice', amount: 1500, description: 'Gift' }, [201]);
}

async function post(url: string, path: string, key: string, body: unknown, fine: readonly number[]): Promise<void> {
  const answer = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': key },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(30_000),
  });
  const text = await answer.text();
  if (!fine.includes(answer.status)) throw new Error(`POST ${path} answered ${answer.status}: ${text.slice(0, 300)}`);
}
