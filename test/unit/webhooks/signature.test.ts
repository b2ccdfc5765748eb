import { describe, expect, test } from 'vitest';
import { signatureOf, webhookSecret } from '../../../lambdas/webhooks/signature.ts';
import { textOf } from '../../support/source-tree.ts';
import { isSignedBy } from '../../support/webhook-receiver.ts';

const body = '{"id":"order.paid:a","name":"Zoë"}';
const timestampS = 1_767_268_800;
const [current, previous] = [webhookSecret('key-2', 'hook'), webhookSecret('key-1', 'hook')];
const received = (secrets: readonly string[], changes: { body?: string; ageS?: number } = {}) => ({
  headers: { 'oncebox-signature': signatureOf({ body, timestampS, secrets }) },
  body: changes.body ?? body,
  receivedMs: (timestampS + (changes.ageS ?? 0)) * 1000,
});

describe('the signature', () => {
  test('has the time and one signature by each secret, the current one first', () => {
    const header = signatureOf({ body: '{}', timestampS: 1, secrets: ['a', 'b'] });
    expect(header).toMatch(/^t=1,v1=[0-9a-f]{64},v1=[0-9a-f]{64}$/);
    // Computed by: printf '1.{}' | openssl dgst -sha256 -hmac a
    const byOpenssl = '7556c5fdf99ac2e6f9be7a6f4a7e2aa6a218faeb166236b0999e7755e4f33f4b';
    expect(header.startsWith(`t=1,v1=${byOpenssl},`)).toBe(true);
  });

  test('is accepted by a receiver with the current or the previous secret', () => {
    expect(isSignedBy(current, received([current, previous]))).toBe(true);
    expect(isSignedBy(previous, received([current, previous]))).toBe(true);
  });

  test('is refused with another secret, for another body, or too late', () => {
    expect(isSignedBy(webhookSecret('key-0', 'hook'), received([current, previous]))).toBe(false);
    expect(isSignedBy(current, received([current], { body: `${body} ` }))).toBe(false);
    expect(isSignedBy(current, received([current], { ageS: 301 }))).toBe(false);
    expect(isSignedBy(current, received([current], { ageS: 299 }))).toBe(true);
  });
});

describe('the secret of a webhook', () => {
  test('is another one for each webhook and each key, and always the same for both', () => {
    const secrets = [current, previous, webhookSecret('key-2', 'other')];
    expect(new Set(secrets).size).toBe(3);
    // Computed by: printf 'webhook:hook' | openssl dgst -sha256 -hmac key-2 -binary | basenc --base64url
    expect(current).toBe('whsec_xSgJSd23cPOJi3EzkBwbD8LVgGaYprprQAE-H90yu5g');
  });

  test('has 256 bits, and does not contain the key', () => {
    expect(current).toMatch(/^whsec_[\w-]{43}$/);
    expect(current).not.toContain('key-2');
  });
});

test('the example of docs/webhooks.md accepts a signed request, and no other', async () => {
  const [, code = ''] = /```js\n(.*?)```/s.exec(textOf('docs/webhooks.md')) ?? [];
  const source = `data:text/javascript,${encodeURIComponent(code)}`;
  const example = (await import(source)) as { isFromOncebox(header: string, body: string, secret: string): boolean };
  const headerAt = (ageS: number) =>
    signatureOf({ body, timestampS: Math.floor(Date.now() / 1000) - ageS, secrets: [current, previous] });
  for (const secret of [current, previous]) expect(example.isFromOncebox(headerAt(0), body, secret)).toBe(true);
  expect(example.isFromOncebox(headerAt(0), body, 'whsec_other')).toBe(false);
  expect(example.isFromOncebox(headerAt(0), `${body} `, current)).toBe(false);
  expect(example.isFromOncebox(headerAt(400), body, current)).toBe(false);
  for (const header of ['', 't=,v1=', 't=x,v1=y', `t=${Math.floor(Date.now() / 1000)}`])
    expect(example.isFromOncebox(header, body, current)).toBe(false);
});
