import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { readChaos, transactionConflictRate } from '../../../../lambdas/shared/runtime/chaos.ts';
import { Chaos, noFaults } from '../../../../lambdas/shared/runtime/chaos-setting.ts';

const setting = { ...noFaults, publish_failure: 0.2, transaction_conflict: 0.3 };
const respondingWith = (value: unknown, status = 200) =>
  vi.fn(async (_url: URL, _request: RequestInit) =>
    Response.json({ Parameter: { Value: typeof value === 'string' ? value : JSON.stringify(value) } }, { status }),
  );

/** Each test starts after the cached setting of the previous test has expired. */
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
  // Test files share a worker, so the real time must be restored for the next one.
  vi.useRealTimers();
});

describe('the chaos setting', () => {
  test('accepts rates from 0 to 1 and a latency of up to 60 s', () => {
    expect(Chaos.safeParse(setting).success).toBe(true);
    expect(Chaos.safeParse({ ...noFaults, publish_failure: 1, latency_ms: 60_000 }).success).toBe(true);
    for (const invalid of [
      { publish_failure: 1.01 },
      { publish_failure: -0.1 },
      { duplicate: '0.1' },
      { latency_ms: 0.5 },
      { latency_ms: 60_001 },
      { consumer_crash_before: null },
    ])
      expect(Chaos.safeParse({ ...noFaults, ...invalid }).success, JSON.stringify(invalid)).toBe(false);
  });

  test('is not read in a stage without one', async () => {
    const fetch = respondingWith(setting);
    vi.stubGlobal('fetch', fetch);
    expect(await readChaos(undefined)).toEqual(noFaults);
    expect(await readChaos('')).toEqual(noFaults);
    expect(fetch).not.toHaveBeenCalled();
  });

  test('is read with one signed request and cached for some seconds', async () => {
    const fetch = respondingWith(setting);
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
    ['is not JSON', respondingWith('nonsense')],
    ['is out of range', respondingWith({ ...setting, publish_failure: 7 })],
    ['is missing', respondingWith(setting, 400)],
    ['cannot be reached', vi.fn(async () => Promise.reject(new Error('ECONNREFUSED')))],
  ])('keeps its last value if the new one %s', async (_, fetch) => {
    vi.stubGlobal('fetch', respondingWith(setting));
    const before = await readChaos('/chaos');
    vi.setSystemTime(Date.now() + 3000);
    vi.stubGlobal('fetch', fetch);
    expect(await readChaos('/chaos')).toEqual(before);
    expect(fetch).toHaveBeenCalledTimes(1);
  });
});
