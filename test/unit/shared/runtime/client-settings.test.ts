import { expect, test } from 'vitest';
import { abortAt } from '../../../../lambdas/shared/runtime/client-settings.ts';

test('a call without a deadline is never aborted', () => {
  expect(abortAt()).toEqual({});
});

test('a call is aborted before it is sent if its deadline has passed', () => {
  expect(abortAt(Date.now()).abortSignal?.aborted).toBe(true);
  expect(abortAt(Date.now() - 1).abortSignal?.aborted).toBe(true);
});

test('a call is not aborted before its deadline', () => {
  expect(abortAt(Date.now() + 60_000).abortSignal?.aborted).toBe(false);
});
