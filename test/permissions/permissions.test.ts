import { expect, test } from 'vitest';
import { grantsForLambda, grantsIn } from '../../tools/grants.ts';
import { describeCall, readCallLog, unusedGrants } from '../support/call-log.ts';
import { synthesized } from '../support/synthesized.ts';

// Runs after all other tests. By then, the engines have recorded each call that a test has caused.
const calls = readCallLog(process.env['ONCEBOX_CALL_LOG']);
const templates = synthesized('test').stacks.map(({ json }) => json);
const grants = grantsIn(templates);
const forLambda = grantsForLambda(templates);

test('no call was refused, so every call of a function has a grant', () => {
  expect(calls.filter(({ refusal }) => refusal !== null).map(describeCall)).toEqual([]);
});

test('every grant is used by a test, or by Lambda itself (otherwise remove it, or add the test that uses it)', () => {
  expect(calls.length).toBeGreaterThan(100);
  expect(unusedGrants(grants, forLambda, calls)).toEqual([]);
});
