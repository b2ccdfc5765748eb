import { describe, expect, it } from 'vitest';
import { configOf, nameOf, pascalCase } from '../../lib/config.ts';

describe('the stages', () => {
  it('are known by name, and no other is taken', () => {
    expect(() => configOf('production')).toThrow(
      'unknown stage "production": choose one of local, test, dev, prod by -c stage= or ONCEBOX_STAGE',
    );
    expect(() => configOf('toString')).toThrow('unknown stage');
  });

  it('are open on a laptop only', () => {
    for (const stage of ['dev', 'prod']) expect(configOf(stage)).toMatchObject({ onAws: true, api: { open: false } });
    for (const stage of ['local', 'test']) expect(configOf(stage)).toMatchObject({ onAws: false, api: { open: true } });
  });

  it('make trouble by themselves on a laptop only, and none can be made in production', () => {
    expect(configOf('local').chaos).toMatchObject({ publish_failure: 0.2, transaction_conflict: 0 });
    for (const stage of ['test', 'dev']) expect(Object.values(configOf(stage).chaos ?? {})).toEqual([0, 0, 0, 0, 0, 0]);
    expect(configOf('prod').chaos).toBeUndefined();
  });

  it('take a base URL and an address for alarms from whoever deploys', () => {
    expect(configOf('local').api.baseUrl).toBe('http://localhost:8080');
    expect(configOf('prod', { baseUrl: 'https://shop.example', alarmEmail: 'on-call@shop.example' })).toMatchObject({
      api: { baseUrl: 'https://shop.example', open: false },
      alarmEmail: 'on-call@shop.example',
    });
  });

  it('update balances by themselves on a laptop, and on AWS when somebody wants it', () => {
    for (const stage of ['local', 'test'])
      expect(configOf(stage).balances).toEqual({ updates: true, interval: 10, chunksPerTick: 1 });
    for (const stage of ['dev', 'prod']) expect(configOf(stage).balances.updates).toBe(false);
    const wanted = { updates: 'on', interval: '15', chunksPerTick: 'all' };
    expect(configOf('prod', { balances: wanted }).balances).toEqual({
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

  it.each([
    ['interval', '7', 'balances.interval is "7"; it is a divisor of 60 seconds, 5, 6, 10, 12, 15, 20, 30 or 60'],
    ['interval', '4', 'balances.interval is "4"'],
    ['interval', '120', 'balances.interval is "120"'],
    ['interval', '-10', 'balances.interval is "-10"'],
    ['interval', 'soon', 'balances.interval is "soon"'],
    ['chunksPerTick', '0', 'balances.chunks_per_tick is "0"; it is a whole number from 1, or all'],
    ['chunksPerTick', '1.5', 'balances.chunks_per_tick is "1.5"'],
    ['updates', 'yes', 'balances.updates is "yes"; it is on or off'],
  ])('take no balances.%s of %s', (name, text, says) => {
    expect(() => configOf('local', { balances: { [name]: text } })).toThrow(says);
  });

  it('name their things after themselves', () => {
    expect(nameOf(configOf('dev'), 'orders')).toBe('oncebox-dev-orders');
    expect(pascalCase('on-payment-status')).toBe('OnPaymentStatus');
  });
});
