import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { describe, expect, test } from 'vitest';
import { readSettings, root } from '../../../localstack/settings.ts';

const defaults = { port: 8080, enginePort: 4566, stage: 'local', engine: 'ministack', enforcesIam: false };

describe('readSettings', () => {
  test('returns defaults without a file', () => {
    expect(readSettings({})).toMatchObject(defaults);
  });

  test('reads the defaults from .env.example', () => {
    const { dataDir, maxInFlight, python, sampleUsers } = readSettings({});
    const example = readSettings(parseEnv(readFileSync(join(root, '.env.example'), 'utf8')));
    expect(example).toMatchObject({ ...defaults, dataDir, maxInFlight, python, sampleUsers });
    expect(example.overrides).toEqual({
      ONCEBOX_BALANCES_UPDATES: 'on',
      ONCEBOX_BALANCES_INTERVAL: '10',
      ONCEBOX_BALANCES_CHUNKS_PER_TICK: '1',
    });
  });

  test('prefers the engine of the command line to that of the environment', () => {
    const settings = readSettings({ ONCEBOX_ENGINE: 'ministack' }, ['node', 'up.ts', '--engine', 'localstack']);
    expect(settings.engine).toBe('localstack');
  });

  test('lets the embedded engine enforce IAM if it is switched on', () => {
    expect(readSettings({ ONCEBOX_IAM: 'on' }).enforcesIam).toBe(true);
  });

  test('passes overrides on to the app, except empty ones', () => {
    const { overrides } = readSettings({ ONCEBOX_BALANCES_INTERVAL: '15', ONCEBOX_BALANCES_UPDATES: '' });
    expect(overrides).toMatchObject({ ONCEBOX_BALANCES_INTERVAL: '15' });
    expect(overrides).not.toHaveProperty('ONCEBOX_BALANCES_UPDATES');
  });

  test('takes 0 sample users, for a start without bulk updates', () => {
    expect(readSettings({}).sampleUsers).toBe(1000);
    expect(readSettings({ ONCEBOX_SAMPLE_USERS: '0' }).sampleUsers).toBe(0);
  });

  test.each([
    [{ ONCEBOX_SAMPLE_USERS: '-1' }, 'ONCEBOX_SAMPLE_USERS'],
    [{ ONCEBOX_PORT: '0' }, 'ONCEBOX_PORT'],
    [{ ONCEBOX_PORT: '80a' }, 'ONCEBOX_PORT'],
    [{ ONCEBOX_PORT: '70000' }, 'ONCEBOX_PORT'],
    [{ ONCEBOX_STAGE: '../etc' }, 'stage'],
    [{ ONCEBOX_ENGINE: 'moto' }, 'moto'],
    [{ ONCEBOX_IAM: 'yes' }, 'ONCEBOX_IAM'],
  ])('rejects %o and names %s', (env, word) => {
    expect(() => readSettings(env)).toThrow(word);
  });
});
