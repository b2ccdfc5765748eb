import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { readChaos, transactionConflictRate } from '../../../../lambdas/shared/runtime/chaos.ts';
import { Chaos, noFaults } from '../../../../lambdas/shared/runtime/chaos-setting.ts';

const setting = { ...noFaults, publish_failure: 0.2, transaction_conflict: 0.3 };
const answering = (value: unknown, status = 200) =>
  vi.fn(async (_url: URL, _request: RequestInit) =>
    Response.json({ Parameter: { Value: typeof value === 'string' ? value : JSON.stringify(value) } }, { status }),
  );

/** Each test is later than what the one before it has left in the cache. */
let now = Date.now();

beforeEach(() => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
  vi.stubEnv('AWS_ENDPOINT_URL', 'http://127.0.0.1:9');
  now += 60_000;
  vi.useFakeTimers({ toFake: ['Date'], now });
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
  // files share a worker: time must pass again for those that come after
  vi.useRealTimers();
});
// files share their worker: the next one's time must pass
afterAll(() => void vi.useRealTimers());

describe('the setting for faults', () => {
  test('takes shares between nothing and all, and a delay of up to a minute', () => {
    expect(Chaos.safeParse(setting).success).toBe(true);
    expect(Chaos.safeParse({ ...noFaults, publish_failure: 1, latency_ms: 60_000 }).success).toBe(true);
    for (const bad of [
      { publish_failure: 1.01 },
      { publish_failure: -0.1 },
      { duplicate: '0.1' },
      { latency_ms: 0.5 },
      { latency_ms: 60_001 },
      { consumer_crash_before: null },
    ])
      expect(Chaos.safeParse({ ...noFaults, ...bad }).success, JSON.stringify(bad)).toBe(false);
  });

  test('is not even asked for by a stage without one', async () => {
    const fetch = answering(setting);
    vi.stubGlobal('fetch', fetch);
    expect(await readChaos(undefined)).toEqual(noFaults);
    expect(await readChaos('')).toEqual(noFaults);
    expect(fetch).not.toHaveBeenCalled();
  });

  test('is read by one signed request, and again only after some seconds', async () => {
    const fetch = answering(setting);
    vi.stubGlobal('fetch', fetch);
    expect(await readChaos('/chaos')).toEqual(setting);
    expect(transactionConflictRate()).toBe(0.3);
    expect(await readChaos('/chaos')).toEqual(setting);
    expect(fetch).toHaveBeenCalledTimes(1);
    const [url, request] = fetch.mock.calls[0] ?? [];
    expect(String(url)).toBe('http://127.0.0.1:9/');
    expect(request).toMatchObject({ method: 'POST', body: '{"Name":"/chaos"}' });
    expect(new Headers(request?.headers).get('authorization')).toMatch(/^AWS4-HMAC-SHA256 /);
    expect(new Headers(request?.headers).get('x-amz-target')).toBe('AmazonSSM.GetParameter');
    vi.setSystemTime(Date.now() + 3000);
    await readChaos('/chaos');
    expect(fetch).toHaveBeenCalledTimes(2);
  });

  test.each([
    ['is not JSON', answering('nonsense')],
    ['is beyond its bounds', answering({ ...setting, publish_failure: 7 })],
    ['is missing', answering(setting, 400)],
    ['cannot be reached', vi.fn(async () => Promise.reject(new Error('ECONNREFUSED')))],
  ])('that %s fails no call: what held before holds on', async (_, fetch) => {
    vi.stubGlobal('fetch', answering(setting));
    const before = await readChaos('/chaos');
    vi.setSystemTime(Date.now() + 3000);
    vi.stubGlobal('fetch', fetch);
    expect(await readChaos('/chaos')).toEqual(before);
    expect(fetch).toHaveBeenCalledTimes(1);
  });
});
