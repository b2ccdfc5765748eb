import { describe, expect, it } from 'vitest';
import { parseEnvFile } from '../../../localstack/env-file.ts';
import { readSettings } from '../../../localstack/settings.ts';

describe('an .env file', () => {
  it('gives names their values, without quotes and comments', () => {
    const text = `# all of it\nA=1\nexport B = two words # said\nC="x # y"\nD=\nE='it''s'\nnot a line\n`;
    expect(parseEnvFile(text)).toMatchObject({ A: '1', B: 'two words', C: 'x # y', D: '' });
    expect(parseEnvFile(text)).not.toHaveProperty('not');
  });
});

describe('settings', () => {
  it('have defaults that need no file', () => {
    expect(readSettings({})).toMatchObject({ port: 8080, enginePort: 4566, stage: 'local', engine: 'ministack' });
  });

  it('take the engine from the command line before the environment', () => {
    const settings = readSettings({ ONCEBOX_ENGINE: 'ministack' }, ['node', 'up.ts', '--engine', 'localstack']);
    expect(settings.engine).toBe('localstack');
  });

  it('hand on what the app itself is told, and nothing that is empty', () => {
    const { overrides } = readSettings({ ONCEBOX_BALANCES_INTERVAL: '15', ONCEBOX_BALANCES_UPDATES: '' });
    expect(overrides).toMatchObject({ ONCEBOX_BALANCES_INTERVAL: '15' });
    expect(overrides).not.toHaveProperty('ONCEBOX_BALANCES_UPDATES');
  });

  it.each([
    [{ ONCEBOX_PORT: '80a' }, 'ONCEBOX_PORT'],
    [{ ONCEBOX_PORT: '70000' }, 'ONCEBOX_PORT'],
    [{ ONCEBOX_STAGE: '../etc' }, 'stage'],
    [{ ONCEBOX_ENGINE: 'moto' }, 'moto'],
  ])('refuse %o by name', (env, word) => {
    expect(() => readSettings(env)).toThrow(word);
  });
});
