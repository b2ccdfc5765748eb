import { describe, expect, test } from 'vitest';
import { checkConcurrency } from '../../lib/concurrency.ts';
import { configOf, kebabCase, nameOf, pascalCase } from '../../lib/config.ts';
import { synthesized } from '../support/synthesized.ts';

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

  test('takes a base URL without its slash at the end, and an empty one as none', () => {
    expect(configOf('prod', { baseUrl: 'https://shop.example/v1/' }).api.baseUrl).toBe('https://shop.example/v1');
    expect(configOf('prod', { baseUrl: '' }).api.baseUrl).toBe('');
    expect(configOf('local', { baseUrl: '' }).api.baseUrl).toBe('http://localhost:8080');
  });

  test.each(['shop.example', 'ftp://shop.example', 'https://', 'https://shop.example?x=1', 'https://a b', '/prod'])(
    'rejects the base URL "%s"',
    (baseUrl) => expect(() => configOf('prod', { baseUrl })).toThrow(`baseUrl is "${baseUrl}". It must be like`),
  );

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

  test('retains the data of prod only, unless an override says otherwise', () => {
    expect(configOf('prod').retainData).toBe(true);
    for (const stage of ['local', 'test', 'dev']) expect(configOf(stage).retainData, stage).toBe(false);
    expect(configOf('dev', { retainData: 'on' }).retainData).toBe(true);
    expect(configOf('prod', { retainData: 'off' }).retainData).toBe(false);
    expect(() => configOf('dev', { retainData: 'maybe' })).toThrow('retainData is "maybe". It must be on or off.');
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

describe('the concurrency of a stage', () => {
  test('is overridden as a whole number that Lambda accepts', () => {
    expect(configOf('prod', { consumerConcurrency: '5', accountConcurrency: '400' })).toMatchObject({
      consumerConcurrency: 5,
      accountConcurrency: 400,
    });
    for (const text of ['1', '1001', '2.5', 'many'])
      expect(() => configOf('prod', { consumerConcurrency: text })).toThrow(
        `consumerConcurrency is "${text}". It must be a whole number from 2 to 1000 or unlimited.`,
      );
    expect(configOf('prod', { consumerConcurrency: 'unlimited' }).consumerConcurrency).toBe('unlimited');
  });

  test.each(['local', 'test', 'prod'])('of all queues fits into the account of %s', (stage) => {
    expect(() => checkConcurrency(configOf(stage), 14)).not.toThrow();
  });

  test('is rejected if it exceeds the account, with a value that fits', () => {
    expect(() => checkConcurrency(configOf('prod', { accountConcurrency: '300' }), 14)).toThrow(
      'Stage prod needs 480 concurrent executions: 20 for each of 14 queues, and 200 for requests, the relay and ' +
        'schedules. Its account has 300. Set -c consumerConcurrency=7, or raise the quota "Concurrent executions" of ' +
        'AWS Lambda in the account and set -c accountConcurrency=<quota>.',
    );
  });

  test('is rejected with the quota of a new account, for which no value fits', () => {
    expect(() => checkConcurrency(configOf('prod', { accountConcurrency: '10' }), 14)).toThrow(
      'Its account has 10. Raise the quota',
    );
  });

  test('may be without a limit only in an account that no other stage uses', () => {
    expect(() => checkConcurrency(configOf('dev', { ownAccount: 'on', accountConcurrency: '10' }), 14)).not.toThrow();
    expect(() => checkConcurrency(configOf('prod', { consumerConcurrency: 'unlimited' }), 14)).toThrow('Stage prod');
    expect(() => checkConcurrency(configOf('dev'), 14)).toThrow(
      'Stage dev does not limit its queues, so they may use all of the concurrency of the account. If nothing else ' +
        'runs in this account, set -c ownAccount=on. Otherwise set -c consumerConcurrency=2.',
    );
    expect(() => checkConcurrency(configOf('dev', { consumerConcurrency: '2' }), 14)).not.toThrow();
    expect(() => configOf('dev', { ownAccount: 'yes' })).toThrow('ownAccount is "yes". It must be on or off.');
  });

  test('is checked when a stage is synthesized', () => {
    expect(() => synthesized('prod', { accountConcurrency: '100' })).toThrow('Its account has 100.');
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
