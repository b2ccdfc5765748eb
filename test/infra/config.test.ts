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

  it('name their things after themselves', () => {
    expect(nameOf(configOf('dev'), 'orders')).toBe('oncebox-dev-orders');
    expect(pascalCase('on-payment-status')).toBe('OnPaymentStatus');
  });
});
