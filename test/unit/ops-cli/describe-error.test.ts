import { describe, expect, test } from 'vitest';
import { describeError } from '../../../bin/ops/describe-error.ts';
import { createTarget } from '../../../bin/ops/target.ts';

describe('describeError', () => {
  test('names npm start as the remedy if the engine does not respond', () => {
    const refused = Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' });
    const target = createTarget({ stage: 'local', onAws: false }, 'http://127.0.0.1:4566');
    expect(describeError(refused, target)).toEqual({
      problem: 'No response from http://127.0.0.1:4566 (ECONNREFUSED).',
      remedy: expect.stringContaining('npm start'),
    });
  });

  test('names the login as the remedy if there are no credentials', () => {
    const error = Object.assign(new Error('x'), { name: 'CredentialsProviderError' });
    expect(describeError(error, createTarget({ stage: 'prod', onAws: true }))).toEqual({
      problem: 'There are no AWS credentials.',
      remedy: expect.stringContaining('aws sso login'),
    });
  });
});
