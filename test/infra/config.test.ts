import { describe, expect, test } from 'vitest';
import { configOf, kebabCase, nameOf, pascalCase } from '../../lib/config.ts';

describe('configOf', () => {
  test('rejects an unknown stage', () => {
    expect(() => configOf('production')).toThrow(
      'Unknown stage "production". Choose one of local, test, dev, prod by -c stage=<stage> or ONCEBOX_STAGE.',
    );
    expect(() => configOf('toString')).toThrow('Unknown stage');
  });

  test('leaves the API open on local stages only', () => {
    for (const stage of ['dev', 'prod']) expect(configOf(stage)).toMatchObject({ onAws: true, api: { open: false } });
    for (const stage of ['local', 'test']) expect(configOf(stage)).toMatchObject({ onAws: false, api: { open: true } });
  });

  test('sets chaos faults on the local stage only, and no chaos in production', () => {
    expect(configOf('local').chaos).toMatchObject({ publish_failure: 0.2, transaction_conflict: 0 });
    for (const stage of ['test', 'dev']) expect(Object.values(configOf(stage).chaos ?? {})).toEqual([0, 0, 0, 0, 0, 0]);
    expect(configOf('prod').chaos).toBeUndefined();
  });

  test('applies the overrides of the base URL and the alarm address', () => {
    expect(configOf('local').api.baseUrl).toBe('http://localhost:8080');
    expect(configOf('prod', { baseUrl: 'https://shop.example', alarmEmail: 'on-call@shop.example' })).toMatchObject({
      api: { baseUrl: 'https://shop.example', open: false },
      alarmEmail: 'on-call@shop.example',
    });
  });

  test('switches bulk updates on for local stages, and on AWS only by override', () => {
    for (const stage of ['local', 'test'])
      expect(configOf(stage).balances).toEqual({ updates: true, interval: 10, chunksPerTick: 1 });
    for (const stage of ['dev', 'prod']) expect(configOf(stage).balances.updates).toBe(false);
    const overrides = { updates: 'on', interval: '15', chunksPerTick: 'all' };
    expect(configOf('prod', { balances: overrides }).balances).toEqual({
      updates: true,
      interval: 15,
      chunksPerTick: 'all',
    });
    expect(configOf('local', { balances: { updates: 'off', chunksPerTick: '3' } }).balances).toEqual({
      updates: false,
      interval: 10,
      chunksPerTick: 3,
    });
  });

  test.each([
    ['interval', '7', 'balances.interval is "7". It must be 5, 6, 10, 12, 15, 20, 30 or 60 seconds.'],
    ['interval', '4', 'balances.interval is "4"'],
    ['interval', '120', 'balances.interval is "120"'],
    ['interval', '-10', 'balances.interval is "-10"'],
    ['interval', 'soon', 'balances.interval is "soon"'],
    ['chunksPerTick', '0', 'balances.chunks_per_tick is "0". It must be a whole number from 1, or all.'],
    ['chunksPerTick', '1.5', 'balances.chunks_per_tick is "1.5"'],
    ['updates', 'yes', 'balances.updates is "yes". It must be on or off.'],
  ])('rejects balances.%s of %s', (name, text, message) => {
    expect(() => configOf('local', { balances: { [name]: text } })).toThrow(message);
  });
});

test('nameOf begins with the project and the stage', () => {
  expect(nameOf(configOf('dev'), 'orders')).toBe('oncebox-dev-orders');
});

test('pascalCase converts a file name to a construct id', () => {
  expect(pascalCase('on-payment-status')).toBe('OnPaymentStatus');
});

test('kebabCase converts a construct id back to the name of its file or folder', () => {
  expect(kebabCase('GiftCards')).toBe('gift-cards');
  for (const name of ['orders', 'gift-cards', 'on-order-refunds-payments'])
    expect(kebabCase(pascalCase(name))).toBe(name);
});
